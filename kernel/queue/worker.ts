import { WaitingError } from 'bullmq'
import type { Log } from '../log.ts'
import type { Backend } from './backends.ts'
import type { QueueWorker, WorkerOptions } from './queue.ts'

/**
 * A worker renews its hold on a task every 3 s. Held for 6 s and looked after every 2 s, the task of a dead worker is
 * with another one after 4 to 10 s. How often that may happen to one task is for the service to say, not for BullMQ.
 */
const settings = { lockDuration: 6_000, lockRenewTime: 3_000, stalledInterval: 2_000, maxStalledCount: 1_000_000 }

export async function startQueueWorker(
  backend: Backend,
  name: string,
  { concurrency, handle }: WorkerOptions,
  log: Log,
): Promise<QueueWorker> {
  let running = 0
  const worker = backend.worker(
    name,
    // BullMQ hands the signal only to a function of three parameters.
    async (job, token, signal) => {
      running += 1
      try {
        await handle({ id: job.id!, data: job.data, priority: job.opts.priority ?? 0 }, signal!)
      } catch (error) {
        if (!signal!.aborted) throw error
        await job.moveToWait(token)
        throw new WaitingError('The worker closes, or has lost this task.')
      } finally {
        running -= 1
      }
    },
    { ...settings, concurrency },
  )
  worker.on('lockRenewalFailed', ids => {
    for (const id of ids) worker.cancelJob(id, 'Another worker has this task.')
  })
  worker.on('error', error => log.warn({ err: error, queue: name }, 'The job queue reports an error.'))
  worker.on('failed', (job, error) => log.error({ err: error, queue: name, task: job?.id }, 'A task failed.'))
  await worker.waitUntilReady()

  return {
    get running() {
      return running
    },
    async [Symbol.asyncDispose]() {
      worker.cancelAllJobs('The worker closes.')
      await worker.close()
    },
  }
}
