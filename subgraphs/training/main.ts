import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { identityVerifier } from '../../kernel/auth/tokens.ts'
import { openFileBlobs } from '../../kernel/blobs/files.ts'
import { openBus } from '../../kernel/bus/open.ts'
import { startConsumer } from '../../kernel/consumer.ts'
import { openPrisma } from '../../kernel/database/prisma.ts'
import { openDatabase } from '../../kernel/database/service-database.ts'
import { defaultPorts, type Env, readEnv } from '../../kernel/env.ts'
import { type Log, openLog } from '../../kernel/log.ts'
import { startRelay } from '../../kernel/outbox.ts'
import { runProcess } from '../../kernel/process.ts'
import { openQueues } from '../../kernel/queue/open.ts'
import { startReporting } from '../../kernel/report.ts'
import { type Serving, serveGraph } from '../../kernel/serve.ts'
import { PrismaClient } from '../../prisma/training/generated/client.ts'
import { retention } from '../../schema/events.ts'
import { attemptStore } from './attempts/store.ts'
import type { TrainingParts } from './builder.ts'
import { checkpointStore } from './checkpoints/store.ts'
import { handlePipeline, pipelineTopics } from './cognate/events.ts'
import { rejectionStore } from './cognate/store.ts'
import { datasetStore } from './datasets/store.ts'
import { handleNode, nodeTopics } from './fleet/events.ts'
import { fleetStore } from './fleet/store.ts'
import { schema } from './graph.ts'
import { jobStore } from './jobs/store.ts'
import { metricStore } from './metrics/store.ts'
import { handleQueued, queueTopics } from './queueing/events.ts'
import { startSweep } from './queueing/sweep.ts'
import { registerMobyDick } from './texts/built-in.ts'
import { folderFiles } from './texts/files.ts'

/** Starts training's API: jobs, datasets, metrics and checkpoints. The work itself is done by workers. */
export async function startTraining(env: Env, log: Log): Promise<Serving> {
  await using opening = new AsyncDisposableStack()
  const database = opening.use(await openDatabase('training', env, log))
  const db = opening.use(openPrisma(PrismaClient, database.pool))
  const bus = opening.use(await openBus(env, retention, log))
  const queue = opening.use(await openQueues(env, log)).queue('training')
  const folder = join(env.FORGE_DATA, 'datasets')
  await mkdir(folder, { recursive: true })
  const fleet = fleetStore(db)
  const parts: TrainingParts = {
    jobs: jobStore(db),
    datasets: datasetStore(db),
    datasetFiles: folderFiles(folder),
    metrics: metricStore(db),
    checkpoints: checkpointStore(db),
    blobs: await openFileBlobs(env.FORGE_BLOBS ?? join(env.FORGE_DATA, 'blobs')),
    fleet,
    rejections: rejectionStore(db),
    now: () => new Date(),
  }
  await registerMobyDick(parts)

  const consume = (name: string, topics: readonly string[], handle: Parameters<typeof startConsumer>[0]['handle']) =>
    opening.use(startConsumer({ name, bus, pool: database.pool, topics, handle, log, from: 'start' }))
  opening.use(startRelay({ pool: database.pool, bus, log }))
  consume('pipelines', pipelineTopics, handlePipeline(parts))
  consume('queue', queueTopics, handleQueued({ ...parts, queue }))
  consume('fleet', nodeTopics, handleNode(fleet))
  opening.use(startSweep({ attempts: attemptStore(db), queue, log }))

  const serving = opening.use(
    await serveGraph({
      name: 'training',
      schema,
      host: env.HOST,
      port: env.PORT ?? defaultPorts.training,
      verify: identityVerifier(env.GATEWAY_URL, 'training'),
      log,
      context: () => parts,
      healthy: async () => {
        await database.pool.query('SELECT 1')
        await bus.head()
      },
    }),
  )
  opening.use(startReporting({ bus, service: 'training', url: serving.url, log }))
  const open = opening.move()
  return { url: serving.url, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

if (import.meta.main) {
  const env = readEnv()
  await runProcess(() => startTraining(env, openLog('training', env.FORGE_LOG)))
}
