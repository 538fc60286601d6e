import { openBusAddress } from '../bus/address.ts'
import type { Env } from '../env.ts'
import { unavailable } from '../errors.ts'
import type { Log } from '../log.ts'
import { currentTraceparent } from '../telemetry/correlation.ts'
import { inSpan, SpanKind } from '../telemetry/spans.ts'
import { type Backend, openBackend } from './backends.ts'
import type { Queue, Queues } from './queue.ts'
import { startQueueWorker, traceField } from './worker.ts'

/** Opens the job queues where BUS_URL points, else in the embedded PostgreSQL. Throws UNAVAILABLE without an answer. */
export async function openQueues(env: Env, log: Log): Promise<Queues> {
  await using opening = new AsyncDisposableStack()
  const address = opening.use(await openBusAddress(env, log))
  const queues = opening.use(await openQueuesAt(address.url, log))
  const parts = opening.move()
  return { ...queues, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/** `namespace` is the schema in PostgreSQL, the prefix of the keys in Redis. */
export async function openQueuesAt(url: string, log: Log, namespace = 'bullmq'): Promise<Queues> {
  const backend = await openBackend(url, log, namespace).catch((error: unknown) => {
    throw unavailable(`The job queue at ${new URL(url).host} cannot be opened: check BUS_URL and that server.`, error)
  })
  const parts = new AsyncDisposableStack()
  parts.use(backend)
  const queues = new Map<string, Queue>()

  return {
    queue(name) {
      const queue = queues.get(name) ?? parts.use(openQueue(backend, name, log))
      queues.set(name, queue)
      return queue
    },
    work: async (name, options) => parts.use(await startQueueWorker(backend, name, options, log)),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function openQueue(backend: Backend, name: string, log: Log): Queue {
  const queue = backend.queue(name)
  queue.on('error', error => log.warn({ err: error, queue: name }, 'The job queue reports an error.'))
  return {
    async add({ id, data, priority = 0, delayMs = 0 }) {
      // A finished task leaves nothing behind, so that its id can be queued again.
      const forget = { removeOnComplete: true, removeOnFail: true }
      const options = {
        kind: SpanKind.PRODUCER,
        attributes: { 'messaging.destination.name': name, 'messaging.message.id': id },
      }
      await inSpan(`enqueue ${name}`, options, async () => {
        const traceparent = currentTraceparent()
        const carried = traceparent === undefined ? data : { ...data, [traceField]: traceparent }
        await queue.add(name, carried, { jobId: id, priority, delay: delayMs, ...forget })
      })
    },
    async remove(id) {
      const state = await queue.getJobState(id)
      return state !== 'unknown' && (await queue.remove(id)) === 1
    },
    waiting: () => queue.count(),
    lengths: () => queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active'),
    [Symbol.asyncDispose]: () => queue.close(),
  }
}
