import type { BusEvent } from '../../../kernel/bus/bus.ts'
import type { Queue } from '../../../kernel/queue/queue.ts'
import type { TrainingJob } from '../jobs/job.ts'
import type { JobParts } from '../jobs/ports.ts'

export const queueTopics = ['job.queued', 'job.resumed'] as const

/** The state stands first, the queue follows it: a job is queued for work once it is stored as QUEUED. */
export const handleQueued =
  ({ jobs, queue }: JobParts & { readonly queue: Queue }) =>
  async (event: BusEvent) => {
    const job = await jobs.find(event.key)
    if (job?.status === 'QUEUED') await enqueueJob(queue, job)
  }

/**
 * Calls a worker: which job it then takes is decided in the database, where priorities change while a job waits. A
 * revision calls once, so that a job which is queued again after a pause calls again.
 */
export const enqueueJob = (queue: Queue, { id, revision, notBefore }: TrainingJob): Promise<void> =>
  queue.add({
    id: `${id}-${revision}`,
    data: { jobId: id },
    delayMs: notBefore ? Math.max(0, notBefore.getTime() - Date.now()) : 0,
  })
