import type { Blobs } from '../../../kernel/blobs/blobs.ts'

/** Weights that became no version: of a rerun, or of a trial that lost. */
export interface LostWeights {
  readonly jobId: string
  readonly project: string
  readonly digest: string
}

/** What jobs that have ended leave behind, and nobody needs. */
export interface Leftovers {
  /** Some of the jobs that have `spent` checkpoints and ended before `before`, or with their sweep. */
  checkpointed(before: Date): Promise<readonly string[]>
  /** Forgets the spent checkpoints of a job, each when it is removed; nobody can begin the job again meanwhile. */
  dropCheckpoints(jobId: string, remove: (digest: string) => Promise<void>): Promise<void>
  /** Some of the lost weights that are not dropped. */
  weights(): Promise<readonly LostWeights[]>
  /** Says that they are needed no more: models, which knows who else has the same bytes, collects them. */
  dropWeights(weights: LostWeights): Promise<void>
}

export interface LeftoverParts {
  readonly leftovers: Leftovers
  readonly blobs: Pick<Blobs, 'remove'>
  readonly now: () => Date
}
