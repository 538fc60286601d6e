import { WaitingError } from 'bullmq'
import { unavailable } from '../errors.ts'
import type { Log } from '../log.ts'
import { enter, SpanKind } from '../telemetry/spans.ts'
import type { Backend } from './backends.ts'
import type { QueueWorker, WorkerOptions } from './queue.ts'

/**
 * A worker renews its hold on a task every 3 s. Held for 6 s and looked after every 2 s, the task of a dead worker is
 * with another one after 4 to 10 s. How often that may happen to one task is for the service to say, not for BullMQ.
 */
const settings = { lockDuration: 6_000, lockRenewTime: 3_000, stalledInterval: 2_000, maxStalledCount: 1_000_000 }

/** Beside the data of a task: where in which trace it was queued. */
export const traceField = 'traceparent'

export async function startQueueWorker(
  backend: Backend,
  name: string,
  { concurrency, handle, telemetry }: WorkerOptions,
  log: Log,
): Promise<QueueWorker> {
  let running = 0
  const worker = backend.worker(
    name,
    // BullMQ hands the signal only to a function of three parameters.
    async (job, token, signal) => {
      running += 1
      try {
        const { [traceField]: carried, ...data } = job.data
        const traceparent = carried === undefined ? undefined : String(carried)
        const task = { id: job.id!, data, priority: job.opts.priority ?? 0, traceparent }
        const entry = {
          name: `process ${name}`,
          kind: SpanKind.CONSUMER,
          tracer: telemetry?.tracer,
          traceparent,
          labels: { task: task.id },
          attributes: { 'messaging.destination.name': name, 'messaging.message.id': task.id },
        }
        await enter(entry, () => handle(task, signal!))
      } catch (error) {
        if (!signal!.aborted) throw error
        await job.moveToWait(token)
        throw new WaitingError('The worker closes, or has lost this task.')
      } finally {
        running -= 1
      }
    },
    // With no connection at first, BullMQ asks for tasks again and again without ever giving way to anything else.
    { ...settings, concurrency, autorun: false },
  )
  worker.on('lockRenewalFailed', ids => {
    for (const id of ids) worker.cancelJob(id, 'Another worker has this task.')
  })
  worker.on('error', error => log.warn({ err: error, queue: name }, 'The job queue reports an error.'))
  worker.on('failed', (job, error) => log.error({ err: error, queue: name, task: job?.id }, 'A task failed.'))
  try {
    await worker.waitUntilReady()
  } catch (error) {
    await worker.close()
    throw unavailable(`The job queue "${name}" cannot be reached: check BUS_URL and that server.`, error)
  }
  worker.run().catch(error => log.error({ err: error, queue: name }, 'The job queue is no longer read.'))

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
