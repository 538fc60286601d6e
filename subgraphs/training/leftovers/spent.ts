import { type Checkpoint, keptOf, superfluous } from '../checkpoints/checkpoint.ts'
import type { TrainingJob } from '../jobs/job.ts'

/** Whether somebody may try the job again, and have something of it: not as a trial of a sweep that is over. */
const isRetryable = ({ status }: Pick<TrainingJob, 'status'>, isSweepOver: boolean): boolean =>
  status === 'FAILED' && !isSweepOver

/** Checkpoints of an ended job that nobody goes on from: all, or of one that can be tried again all but the newest. */
export function spent(
  job: Pick<TrainingJob, 'status' | 'config'>,
  isSweepOver: boolean,
  checkpoints: readonly Checkpoint[],
): readonly Checkpoint[] {
  return isRetryable(job, isSweepOver) ? superfluous(checkpoints, { ...keptOf(job.config), best: 0 }) : checkpoints
}
