import type { Checkpoint } from './checkpoint.ts'

export interface Checkpoints {
  /** Newest first. */
  ofJob(jobId: string): Promise<readonly Checkpoint[]>
}

export interface CheckpointParts {
  readonly checkpoints: Checkpoints
}
