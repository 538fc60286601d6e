import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { cursorOf, type Gap } from './gap.ts'
import type { FeedParts } from './ports.ts'

/** What every event of a resumable stream has. */
export interface Resumable {
  readonly cursor: string
  /** What is missing right before it. */
  readonly gap: Gap | null
  readonly at: Date
}

export const placeOf = ({ log }: FeedParts, { position, at }: BusEvent, gap: Gap | null): Resumable => ({
  cursor: cursorOf(log, position),
  gap,
  at: new Date(at),
})
