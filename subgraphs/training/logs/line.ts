import { counted } from '../../../engine/counted.ts'
import type { LogSource } from '../../../schema/values.ts'

/** A line of a job's log that has no number yet. */
export interface NewLine {
  readonly at: Date
  readonly attempt: number
  readonly source: LogSource
  /** What a line of the forge is about, such as `started`; null where it is output. */
  readonly event: string | null
  readonly step: number | null
  readonly text: string
}

export interface LogLine extends NewLine {
  /** From 1, without a hole. */
  readonly number: number
}

/** Characters of one line; what is longer is cut. */
export const longest = 4_096

/** A text as one line may have it: cut with a word about what is missing, without what no database takes. */
export function lineText(text: string, length = text.length): string {
  const kept = text.slice(0, longest).replaceAll('\0', '␀').toWellFormed()
  return length <= longest ? kept : `${kept} … (${counted(length - longest, 'more character')})`
}
