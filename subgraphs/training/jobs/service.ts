import { type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import { isFinished } from '../../../schema/values.ts'
import { checkedPage, isId, type Page } from '../page.ts'
import { badPriority, jobFinished, jobNotFound, jobNotPausable, jobNotResumable, jobNotRetryable } from './errors.ts'
import { jobQueued, lowestPriority, placeOf, type TrainingJob } from './job.ts'
import type { JobFilter, JobParts } from './ports.ts'

export async function findJob({ jobs }: JobParts, identity: Identity, id: string): Promise<TrainingJob | null> {
  const job = isId(id, 'job') ? await jobs.find(id) : null
  return job && mayAccess(identity, job.project) ? job : null
}

export async function listJobs({ jobs }: JobParts, { project }: Identity, filter: JobFilter, page: Page) {
  return jobs.list(project, filter, checkedPage(page, 'job'))
}

/** Stops a job for good. Its worker sees it within half a second and ends the training process. */
export async function cancelJob(parts: JobParts, identity: Identity, id: string): Promise<TrainingJob> {
  const job = await accessibleJob(parts, identity, id)
  if (isFinished(job.status)) throw jobFinished(job)

  const change = { status: 'CANCELLED', finishedAt: parts.now() } as const
  const cancelled = await parts.jobs.transition(job, change, { topic: 'job.cancelled', data: placeOf(job) })
  // The job moved between the read and this write, so it is judged again as it is now.
  return cancelled ?? cancelJob(parts, identity, id)
}

/** Takes a job off its worker, which saves a checkpoint first. */
export async function pauseJob(parts: JobParts, identity: Identity, id: string): Promise<TrainingJob> {
  const job = await accessibleJob(parts, identity, id)
  if (isFinished(job.status)) throw jobFinished(job)
  if (job.status === 'PAUSED') throw jobNotPausable(job)

  const paused = await parts.jobs.transition(job, { status: 'PAUSED' }, { topic: 'job.paused', data: placeOf(job) })
  return paused ?? pauseJob(parts, identity, id)
}

/** Queues a paused job again; it goes on from its last checkpoint as if it had never stopped. */
export async function resumeJob(parts: JobParts, identity: Identity, id: string): Promise<TrainingJob> {
  const job = await accessibleJob(parts, identity, id)
  if (job.status !== 'PAUSED') throw jobNotResumable(job)

  const resumed = await parts.jobs.transition(
    job,
    { status: 'QUEUED', queuedAt: parts.now() },
    { topic: 'job.resumed', data: placeOf(job) },
  )
  return resumed ?? resumeJob(parts, identity, id)
}

/** Queues a failed job again, from its last checkpoint. */
export async function retryJob(parts: JobParts, identity: Identity, id: string): Promise<TrainingJob> {
  const job = await accessibleJob(parts, identity, id)
  if (job.status !== 'FAILED') throw jobNotRetryable(job)

  const change = { status: 'QUEUED', finishedAt: null, error: null, crashes: 0, queuedAt: parts.now() } as const
  const queued = await parts.jobs.transition(job, change, jobQueued(job, { isRetry: true }))
  return queued ?? retryJob(parts, identity, id)
}

/** Moves a job in the line: at once while it waits, and for the next time when it runs or is paused. */
export async function prioritizeJob(parts: JobParts, identity: Identity, id: string, priority: number) {
  if (!Number.isInteger(priority) || priority < 0 || priority > lowestPriority) throw badPriority(priority)
  await accessibleJob(parts, identity, id)
  const moved = await parts.jobs.prioritize(id, priority)
  if (!moved) throw jobFinished(await accessibleJob(parts, identity, id))
  return moved
}

/** Cancels what a cancelled run has started; what has finished stays. */
export async function cancelJobsOfRun(parts: JobParts, runId: string): Promise<void> {
  for (const job of await parts.jobs.ofRun(runId)) {
    if (isFinished(job.status)) continue
    const change = { status: 'CANCELLED', finishedAt: parts.now() } as const
    const cancelled = await parts.jobs.transition(job, change, { topic: 'job.cancelled', data: placeOf(job) })
    if (!cancelled) return cancelJobsOfRun(parts, runId)
  }
}

/** Throws NOT_FOUND for a job that is not there, or not for this identity. */
export async function accessibleJob(parts: JobParts, identity: Identity, id: string): Promise<TrainingJob> {
  const job = await findJob(parts, identity, id)
  if (!job) throw jobNotFound(id)
  return job
}
