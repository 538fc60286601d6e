import type { JobStatus } from '../../../schema/values.ts'

export type SubjectKind = 'JOB' | 'RUN'

interface JobState {
  readonly step: number
  readonly totalSteps: number
}

/** A step of a run, with what it has led to so far. */
export interface RunStep {
  readonly name: string
  readonly status: JobStatus
  readonly jobId: string | null
  readonly versionId: string | null
}

interface RunState {
  /** From 0 to 1. */
  readonly progress: number
  readonly steps: readonly RunStep[]
}

interface Known<Kind extends SubjectKind, State> {
  readonly id: string
  readonly kind: Kind
  readonly project: string
  readonly status: JobStatus
  readonly state: State
  readonly updatedAt: Date
}

/** A job or a run that somebody may follow, as the events tell of it. */
export type Subject = Known<'JOB', JobState> | Known<'RUN', RunState>

export type SubjectOf<Kind extends SubjectKind> = Extract<Subject, { readonly kind: Kind }>
