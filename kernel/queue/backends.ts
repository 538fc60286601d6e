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
import { backoff } from '../resilience/pause.ts'
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

/** Both backends under the types of one: nothing here reaches into the backend or its connection. */
function bind(factory: BackendFactory<IQueueBackend, unknown>, connection: unknown, prefix: string | undefined) {
  const { Queue, Worker } = withBackend(factory)
  const options = { connection, ...(prefix !== undefined && { prefix }) }
  return {
    queue: (name: string) => new Queue<Data, void>(name, options),
    worker: (name: string, process: Processor<Data, void>, settings: WorkerSettings) =>
      new Worker<Data, void>(name, process, { ...options, ...settings }),
  }
}
