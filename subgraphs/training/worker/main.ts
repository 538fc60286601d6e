import { createServer } from 'node:http'
import { join } from 'node:path'
import { openFileBlobs } from '../../../kernel/blobs/files.ts'
import { openBus } from '../../../kernel/bus/open.ts'
import { openPrisma } from '../../../kernel/database/prisma.ts'
import { openDatabase } from '../../../kernel/database/service-database.ts'
import { defaultPorts, type Env, readEnv } from '../../../kernel/env.ts'
import { type Log, openLog } from '../../../kernel/log.ts'
import { startRelay } from '../../../kernel/outbox.ts'
import { runProcess } from '../../../kernel/process.ts'
import { openQueues } from '../../../kernel/queue/open.ts'
import { startReporting } from '../../../kernel/report.ts'
import { close, listen, reportHealth, type Serving } from '../../../kernel/serve.ts'
import { PrismaClient } from '../../../prisma/training/generated/client.ts'
import { retention } from '../../../schema/events.ts'
import { attemptStore } from '../attempts/store.ts'
import { findExecutors } from '../fleet/executors.ts'
import { describeNode, reportNode } from '../fleet/node.ts'
import { workOn } from './work.ts'

/** Starts a worker: it takes jobs from the queue and trains each in a process of its own. */
export async function startWorker(env: Env, log: Log): Promise<Serving> {
  await using opening = new AsyncDisposableStack()
  const node = describeNode(env)
  const probing = findExecutors(env.FORGE_EXECUTOR, log)
  // Awaited below; until then a start that fails for another reason is not to be ended by this one.
  probing.catch(() => {})
  const database = opening.use(await openDatabase('training', env, log))
  const db = opening.use(openPrisma(PrismaClient, database.pool))
  const bus = opening.use(await openBus(env, retention, log))
  const queues = opening.use(await openQueues(env, log))
  const server = createServer((_request, response) => void reportHealth(healthy, response))
  const healthy = async () => {
    await database.pool.query('SELECT 1')
    await bus.head()
  }
  const url = await listen(server, env.HOST, env.PORT ?? defaultPorts.worker)
  opening.defer(() => close(server))

  // Whatever a job says must reach the bus also when no training service runs beside this worker.
  opening.use(startRelay({ pool: database.pool, bus, log }))
  const running = new Set<string>()
  let names: readonly string[] = []
  opening.use(reportNode({ bus, node, log, jobIds: () => [...running], executors: () => names }))
  opening.use(startReporting({ bus, service: 'worker', url, log }))

  const executors = await probing
  const blobsFolder = env.FORGE_BLOBS ?? join(env.FORGE_DATA, 'blobs')
  names = executors.names
  const parts = {
    attempts: attemptStore(db),
    now: () => new Date(),
    blobs: await openFileBlobs(blobsFolder),
    blobsFolder,
    threads: () => node.threadsFor(running.size),
    log,
  }
  const place = { nodeId: node.id, executors: executors.names, executor: executors.preferred }
  opening.use(await queues.work('training', { concurrency: node.slots, handle: workOn(parts, place, running) }))
  log.info({ url, node: node.name, slots: node.slots, executor: executors.preferred }, 'worker takes jobs')

  const open = opening.move()
  return { url, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

if (import.meta.main) {
  const env = readEnv()
  await runProcess(() => startWorker(env, openLog('worker', env.FORGE_LOG)))
}
