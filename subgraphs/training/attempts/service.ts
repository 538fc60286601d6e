import type { JobStatus, MetricPoint } from '../../../schema/values.ts'
import { keptOf } from '../checkpoints/checkpoint.ts'
import { type JobError, jobQueued, placeOf } from '../jobs/job.ts'
import type { JobChange } from '../jobs/ports.ts'
import { afterLoss, type Claim, type Completion, completedBy, jobCompleted, jobStarted, type Place } from './attempt.ts'
import type { AttemptParts } from './ports.ts'

export const claimJob = ({ attempts }: AttemptParts, jobId: string, place: Place) =>
  attempts.claim(jobId, place, jobStarted)

/** Stores and publishes points; answers the status that the job has, null when it is no longer the attempt's. */
export function recordPoints(
  { attempts }: AttemptParts,
  { attempt, job }: Claim,
  step: number,
  points: readonly MetricPoint[],
): Promise<JobStatus | null> {
  const data = { ...placeOf(job), attempt: attempt.number, step, points: [...points] }
  return attempts.record(attempt, step, points, { topic: 'job.progressed', data })
}

export interface SavedState {
  readonly step: number
  readonly digest: string
  readonly sizeBytes: number
  /** Where it was measured. */
  readonly validationLoss?: number
}

/** Lists a checkpoint, and removes the blobs of those that it makes superfluous; its own where the job is over. */
export async function recordCheckpoint(
  { attempts, blobs }: AttemptParts,
  { attempt, job }: Claim,
  saved: SavedState,
): Promise<JobStatus | null> {
  const { validationLoss = null, ...place } = saved
  const event = { topic: 'job.checkpointed', data: { jobId: job.id, ...place } } as const
  const { status, dropped } = await attempts.addCheckpoint(
    attempt,
    { ...place, validationLoss },
    keptOf(job.config),
    event,
  )
  for (const digest of dropped) await blobs.remove(digest)
  return status
}

/** A job that was cancelled or paused a moment before stays so; what a cancelled one has made is given up. */
export async function completeAttempt(parts: AttemptParts, { attempt, job }: Claim, completion: Completion) {
  const event = jobCompleted(job, attempt, completion)
  if (!(await parts.attempts.end(attempt, 'RUNNING', completedBy(completion, parts.now()), event))) {
    const digests = completion.files.map(({ digest }) => digest)
    await parts.attempts.giveUp(attempt, digests, parts.now())
    await releaseAttempt(parts, { attempt, job }, completion.step)
  }
}

/** Frees the machine of a job that has come as far as it was to come by itself. */
export async function pauseAttempt(parts: AttemptParts, { attempt, job }: Claim, step: number, validationLoss: number) {
  const event = { topic: 'job.paused', data: { ...placeOf(job), step, validationLoss } } as const
  if (!(await parts.attempts.end(attempt, 'RUNNING', { status: 'PAUSED' }, event)))
    await releaseAttempt(parts, { attempt, job }, step)
}

/** Ends a job that would fail again the same way. */
export async function failAttempt(parts: AttemptParts, { attempt, job }: Claim, step: number, error: JobError) {
  const change = { status: 'FAILED', finishedAt: parts.now(), error } as const
  const event = { topic: 'job.failed', data: { ...placeOf(job), step, error } } as const
  if (!(await parts.attempts.end(attempt, 'RUNNING', change, event)))
    await releaseAttempt(parts, { attempt, job }, step)
}

/** Queues the job again after its process ended without an answer, until it has done so too often. */
export async function crashAttempt(parts: AttemptParts, claim: Claim, step: number, reason: string): Promise<void> {
  const lost = await parts.attempts.lose(claim.attempt, job => afterLoss(job, reason, parts.now()))
  if (!lost) await releaseAttempt(parts, claim, step)
}

/** Gives the job back: a paused one stays paused, one that should run is queued again. */
export async function releaseAttempt(parts: AttemptParts, claim: Pick<Claim, 'attempt' | 'job'>, step: number) {
  const { attempt, job } = claim
  const status = await parts.attempts.renew(attempt)
  if (status === null) return
  const change: JobChange = status === 'RUNNING' ? { status: 'QUEUED' } : {}
  // Points may have followed the event that said PAUSED first: this one comes after them.
  const paused = { topic: 'job.paused', data: { ...placeOf(job), step } } as const
  const event = status === 'RUNNING' ? jobQueued(job) : status === 'PAUSED' ? paused : null
  if (!(await parts.attempts.end(attempt, status, change, event))) await releaseAttempt(parts, claim, step)
}

/** Takes the jobs off workers that have died; one that has lost too many is given up. */
export const recoverLostJobs = ({ attempts, now }: Pick<AttemptParts, 'attempts' | 'now'>) =>
  attempts.loseSilent(job => afterLoss(job, 'its worker gave no sign of life any more', now()))
