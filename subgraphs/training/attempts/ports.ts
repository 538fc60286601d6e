import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { JobStatus, MetricPoint } from '../../../schema/values.ts'
import type { Checkpoint, Kept } from '../checkpoints/checkpoint.ts'
import type { JobEvent, TrainingJob } from '../jobs/job.ts'
import type { JobChange } from '../jobs/ports.ts'
import type { NewLine } from '../logs/line.ts'
import type { Attempt, Claim, Place, Verdict } from './attempt.ts'

export interface Attempts {
  /**
   * Takes a queued job: HELD while the attempt before still saves its checkpoint, GONE when there is nothing to run.
   * The event is made of the job as it then is and the step that it goes on from.
   */
  claim(
    jobId: string,
    place: Place,
    event: (job: TrainingJob, step: number) => JobEvent,
  ): Promise<Claim | 'HELD' | 'GONE'>
  /** A sign of life; answers the job's status, or null when the attempt has no job any more. */
  renew(attempt: Attempt): Promise<JobStatus | null>
  /** Stores points along with the event, as `renew`. */
  record(attempt: Attempt, step: number, points: readonly MetricPoint[], event: JobEvent): Promise<JobStatus | null>
  /** Adds lines to the job's log, as `renew`; `from` counts those that the attempt has printed before. */
  print(attempt: Attempt, from: number, lines: readonly NewLine[]): Promise<JobStatus | null>
  /** As `renew`; with the digests that nothing names any more: of checkpoints no longer kept, or of one that came too late. */
  addCheckpoint(
    attempt: Attempt,
    checkpoint: Pick<Checkpoint, 'step' | 'digest' | 'sizeBytes' | 'validationLoss'>,
    kept: Kept,
    event: JobEvent,
  ): Promise<{ readonly status: JobStatus | null; readonly dropped: readonly string[] }>
  /** Ends the attempt, and changes the job with it; false when the job is no longer the attempt's, or has another status. */
  end(attempt: Attempt, status: JobStatus, change: JobChange, event: JobEvent | null): Promise<boolean>
  /** Of a cancelled job: says that the bytes are needed no more. Models, which knows who else has them, collects them. */
  giveUp(attempt: Attempt, digests: readonly string[], at: Date): Promise<void>
  /** Ends an attempt whose process is gone; false when the job is no longer the attempt's, or should not run any more. */
  lose(attempt: Attempt, verdict: (job: TrainingJob) => Verdict): Promise<boolean>
  /** Ends the attempts that give no sign of life, and answers their jobs as they were. */
  loseSilent(verdict: (job: TrainingJob) => Verdict): Promise<readonly TrainingJob[]>
  /** Jobs that have been queued for so many milliseconds. */
  queuedFor(ms: number): Promise<readonly TrainingJob[]>
}

export interface AttemptParts {
  readonly attempts: Attempts
  readonly blobs: Pick<Blobs, 'remove'>
  readonly now: () => Date
}
