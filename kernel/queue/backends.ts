import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Processor,
  withBackend,
} from 'bullmq'
import { createClient } from 'redis'
import { invalidInput } from '../errors.ts'
import type { Log } from '../log.ts'
import { backoff, pause } from '../resilience/pause.ts'
import type { Task } from './queue.ts'

type Data = Task['data']

/** BullMQ on the server that a URL names. */
export interface Backend extends AsyncDisposable {
  queue(name: string): BullQueue
  worker(name: string, process: Processor<Data, void>, options: WorkerSettings): BullWorker
}

type BullQueue = ReturnType<typeof bind>['queue'] extends (name: string) => infer Q ? Q : never
type BullWorker = ReturnType<typeof bind>['worker'] extends (...args: never) => infer W ? W : never

interface WorkerSettings {
  readonly concurrency: number
  readonly lockDuration: number
  readonly lockRenewTime: number
  readonly stalledInterval: number
  readonly maxStalledCount: number
  readonly autorun: boolean
}

/** A worker that got no answer, or a refusal, asks for tasks again so much later. Milliseconds. */
const askAgainMs = 1_000

export async function openBackend(url: string, log: Log, namespace: string): Promise<Backend> {
  const { protocol } = new URL(url)
  if (/^postgres(ql)?:$/.test(protocol)) {
    const connection = { connectionString: url, schema: namespace, migrate: true, max: 4, keepAlive: true }
    return { ...bind(createPostgresBackend as never, connection, undefined), async [Symbol.asyncDispose]() {} }
  }
  if (!/^rediss?:$/.test(protocol)) {
    throw invalidInput(`BUS_URL begins with "${protocol}//": use postgres://… or redis://….`)
  }
  const client = createClient({ url, socket: { reconnectStrategy: retries => backoff(retries + 1, 50, 2_000) } })
  client.on('error', (error: unknown) => log.warn({ err: error }, 'The connection to the job queue is lost.'))
  await client.connect()
  return {
    ...bind(createRedisBackend as never, client, namespace),
    async [Symbol.asyncDispose]() {
      client.destroy()
    },
  }
}

type Factory = BackendFactory<IQueueBackend, unknown>

/** Both backends under the types of one. */
function bind(factory: Factory, connection: unknown, prefix: string | undefined) {
  const { Queue, Worker } = withBackend(patient(factory))
  const options = { connection, ...(prefix !== undefined && { prefix }) }
  return {
    queue: (name: string) => new Queue<Data, void>(name, options),
    worker: (name: string, process: Processor<Data, void>, settings: WorkerSettings) =>
      new Worker<Data, void>(name, process, { ...options, runRetryDelay: askAgainMs, ...settings }),
  }
}

/**
 * BullMQ waits for `runRetryDelay` where no server answers. One that answers with a refusal, because it starts up or has
 * too many connections, it asks again at once: so the refusal is told to it later.
 */
const patient =
  (factory: Factory): Factory =>
  (...given) => {
    const backend = factory(...given)
    const { moveToActive, waitForJob } = backend
    const later = async (error: unknown) => {
      await pause(askAgainMs)
      throw error
    }
    return Object.assign(backend, {
      moveToActive: (...asked: Parameters<typeof moveToActive>) => moveToActive.apply(backend, asked).catch(later),
      waitForJob: (...asked: Parameters<typeof waitForJob>) => waitForJob.apply(backend, asked).catch(later),
    })
  }
