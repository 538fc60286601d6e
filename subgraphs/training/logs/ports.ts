import type { LogLine } from './line.ts'

/** A stretch of a log: `first` lines of a higher number than `after`, or the last `tail` ones. */
export type Stretch = { readonly after: number; readonly first: number } | { readonly tail: number }

export interface JobLog {
  /** Lines so far. */
  readonly total: number
  /** By number. */
  readonly lines: readonly LogLine[]
}

export interface Logs {
  read(jobId: string, stretch: Stretch): Promise<JobLog>
}

export interface LogParts {
  readonly logs: Logs
}
