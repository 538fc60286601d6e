import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { blobSettings, openBlobs } from '../../../kernel/blobs/open.ts'
import { openBus } from '../../../kernel/bus/open.ts'
import { openPrisma } from '../../../kernel/database/prisma.ts'
import { openDatabase } from '../../../kernel/database/service-database.ts'
import { defaultPorts, type Env, readEnv } from '../../../kernel/env.ts'
import { type Log, openLog } from '../../../kernel/log.ts'
import { exposeMetrics } from '../../../kernel/metrics/exposition.ts'
import { startRelay } from '../../../kernel/outbox.ts'
import { runProcess } from '../../../kernel/process.ts'
import { openQueues } from '../../../kernel/queue/open.ts'
import { startReporting } from '../../../kernel/report.ts'
import { close, listen, reportHealth, type Serving } from '../../../kernel/serve.ts'
import { openTelemetry } from '../../../kernel/telemetry/telemetry.ts'
import { openPeerTls } from '../../../kernel/tls/credentials.ts'
import { createPeerServer } from '../../../kernel/tls/server.ts'
import { PrismaClient } from '../../../prisma/training/generated/client.ts'
import { retention } from '../../../schema/events.ts'
import { attemptStore } from '../attempts/store.ts'
import { findExecutors } from '../fleet/executors.ts'
import { describeNode, reportNode } from '../fleet/node.ts'
import type { TrainingJob } from '../jobs/job.ts'
import { claimNext } from '../scheduling/service.ts'
import { lineStore } from '../scheduling/store.ts'
import { startDispatch } from './dispatch.ts'
import { openTrainingMetrics } from './metrics.ts'
import { trainingPriority } from './priority.ts'
import { runAttempt } from './run.ts'
import { runningJobs } from './running-jobs.ts'

/** Starts a worker: it takes jobs from the queue and trains each in a process of its own. */
export async function startWorker(env: Env, log: Log): Promise<Serving> {
  await using opening = new AsyncDisposableStack()
  const telemetry = opening.use(await openTelemetry('worker', env))
  const tls = opening.use(openPeerTls(env, log))
  const node = describeNode(env)
  const probing = findExecutors(env.FORGE_EXECUTOR, log)
  // Awaited below; until then a start that fails for another reason is not to be ended by this one.
  probing.catch(() => {})
  const database = opening.use(await openDatabase('training', env, log))
  const db = opening.use(openPrisma(PrismaClient, database.pool))
  const bus = opening.use(await openBus(env, retention, log))
  const queues = opening.use(await openQueues(env, log))
  const server = createPeerServer(tls, (request, response) => {
    if (request.url === '/metrics') {
      exposeMetrics(telemetry, request, response).catch(error => {
        log.error({ err: error }, 'the metrics cannot be shown')
        response.destroy()
      })
    } else void reportHealth(healthy, response)
  })
  const healthy = async () => {
    await database.pool.query('SELECT 1')
    await bus.head()
  }
  const url = await listen(server, env.HOST, env.PORT ?? defaultPorts.worker)
  opening.defer(() => close(server))

  // Whatever a job says must reach the bus also when no training service runs beside this worker.
  opening.use(startRelay({ pool: database.pool, bus, log, telemetry }))
  const running = runningJobs(node.total)
  let names: readonly string[] = []
  opening.use(reportNode({ bus, node, log, jobIds: running.ids, executors: () => names }))
  opening.use(startReporting({ bus, service: 'worker', url, log }))

  const metrics = openTrainingMetrics(telemetry.metrics, node.total.slots)
  const executors = await probing
  const settings = blobSettings(env)
  names = executors.names
  const parts = {
    attempts: attemptStore(db),
    line: lineStore(db),
    now: () => new Date(),
    blobs: await openBlobs(settings),
    blobSettings: settings,
    priority: trainingPriority(env),
    tokens: { folder: tokenFolder(env), limitBytes: env.FORGE_TOKEN_CACHE * 1024 ** 2 },
    threads: ({ slots }: TrainingJob) => node.threadsFor(slots, running.used().slots),
    tracing: telemetry.tracing,
    metrics,
    log,
  }
  const place = { nodeId: node.id, executors: executors.names, executor: executors.preferred }
  const machine = { total: node.total, labels: [...node.labels, ...place.executors.map(name => `executor=${name}`)] }
  opening.use(
    await startDispatch({
      claim: (room, minWaitMs) => claimNext(parts, place, machine, room, minWaitMs),
      run: (claim, signal) => runAttempt(parts, claim, signal),
      work: handle => queues.work('training', { concurrency: node.total.slots, telemetry, handle }),
      running,
      log,
    }),
  )
  log.info({ url, node: node.name, ...node.total, labels: node.labels, executor: place.executor }, 'worker takes jobs')

  const open = opening.move()
  return { url, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

/** A machine that only works for a forge elsewhere has no data folder, and gets none. */
const tokenFolder = ({ FORGE_DATA, XDG_CACHE_HOME }: Env): string =>
  existsSync(FORGE_DATA) ? join(FORGE_DATA, 'tokens') : join(XDG_CACHE_HOME, 'agent-forge', 'tokens')

if (import.meta.main) {
  const env = readEnv()
  await runProcess(() => startWorker(env, openLog('worker', env.FORGE_LOG)))
}
