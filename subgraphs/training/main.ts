import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { followRevocations } from '../../kernel/auth/revocations.ts'
import { identityVerifier } from '../../kernel/auth/tokens.ts'
import { blobSettings, openBlobs } from '../../kernel/blobs/open.ts'
import { openBus } from '../../kernel/bus/open.ts'
import { startConsumer } from '../../kernel/consumer.ts'
import { leadEvery } from '../../kernel/database/leader.ts'
import { openPrisma } from '../../kernel/database/prisma.ts'
import { openDatabase } from '../../kernel/database/service-database.ts'
import { defaultPorts, type Env, readEnv } from '../../kernel/env.ts'
import { type Log, openLog } from '../../kernel/log.ts'
import { measureQueue } from '../../kernel/metrics/queue-length.ts'
import { startRelay } from '../../kernel/outbox.ts'
import { runProcess } from '../../kernel/process.ts'
import { openQueues } from '../../kernel/queue/open.ts'
import { startReporting } from '../../kernel/report.ts'
import { type Serving, serveGraph } from '../../kernel/serve.ts'
import { openTelemetry } from '../../kernel/telemetry/telemetry.ts'
import { openPeerTls } from '../../kernel/tls/credentials.ts'
import { PrismaClient } from '../../prisma/training/generated/client.ts'
import { retention } from '../../schema/events.ts'
import { attemptStore } from './attempts/store.ts'
import type { TrainingParts } from './builder.ts'
import { checkpointStore } from './checkpoints/store.ts'
import { handlePipeline, pipelineTopics } from './cognate/events.ts'
import { rejectionStore } from './cognate/store.ts'
import { datasetStore } from './datasets/store.ts'
import { handleVersion, versionTopics } from './evomerge/events.ts'
import { knownVersionStore } from './evomerge/store.ts'
import { handleNode, nodeTopics } from './fleet/events.ts'
import { fleetStore } from './fleet/store.ts'
import { schema } from './graph.ts'
import { groupStore } from './groups/store.ts'
import { startImports } from './imports/runner.ts'
import { importStore } from './imports/store.ts'
import { jobStore } from './jobs/store.ts'
import { collectLeftovers } from './leftovers/service.ts'
import { leftoverStore } from './leftovers/store.ts'
import { logStore } from './logs/store.ts'
import { metricStore } from './metrics/store.ts'
import { handleQueued, queueTopics } from './queueing/events.ts'
import { startRecovery } from './queueing/recovery.ts'
import { lineStore } from './scheduling/store.ts'
import { handleSweep, sweepTopics } from './sweeps/events.ts'
import { sweepStore } from './sweeps/store.ts'
import { registerMobyDick } from './texts/built-in.ts'
import { folderFiles } from './texts/files.ts'
import { uploadRoute } from './uploads/route.ts'
import { folderUploads } from './uploads/store.ts'

const minute = 60_000

/** Starts training's API: jobs, datasets, metrics and checkpoints. The work itself is done by workers. */
export async function startTraining(env: Env, log: Log): Promise<Serving> {
  await using opening = new AsyncDisposableStack()
  const telemetry = opening.use(await openTelemetry('training', env))
  const tls = opening.use(openPeerTls(env, log))
  const database = opening.use(await openDatabase('training', env, log))
  const db = opening.use(openPrisma(PrismaClient, database.pool))
  const bus = opening.use(await openBus(env, retention, log))
  const revocations = opening.use(followRevocations(bus, log))
  const queue = opening.use(await openQueues(env, log)).queue('training')
  measureQueue(telemetry.metrics, 'training', queue)
  const [folder, uploads, staging] = ['datasets', 'uploads', 'imports'].map(name => join(env.FORGE_DATA, name)) as [
    string,
    string,
    string,
  ]
  for (const place of [folder, uploads, staging]) await mkdir(place, { recursive: true })
  const settings = blobSettings(env)
  const fleet = fleetStore(db)
  const parts: TrainingParts = {
    jobs: jobStore(db),
    datasets: datasetStore(db),
    datasetFiles: folderFiles(folder),
    imports: importStore(db),
    uploads: folderUploads(uploads),
    metrics: metricStore(db),
    logs: logStore(db),
    checkpoints: checkpointStore(db),
    blobs: await openBlobs(settings),
    groups: groupStore(db),
    fleet,
    line: lineStore(db),
    rejections: rejectionStore(db),
    versions: knownVersionStore(db),
    sweeps: sweepStore(db),
    now: () => new Date(),
  }
  await registerMobyDick(parts)

  const consume = (name: string, topics: readonly string[], handle: Parameters<typeof startConsumer>[0]['handle']) =>
    opening.use(startConsumer({ name, bus, pool: database.pool, topics, handle, log, telemetry, from: 'start' }))
  opening.use(startRelay({ pool: database.pool, bus, log, telemetry }))
  // One reader for both: the step that merges versions is asked for after they were registered, and must find them.
  consume('pipelines', [...pipelineTopics, ...versionTopics], async event => {
    await handleVersion(parts.versions)(event)
    await handlePipeline(parts)(event)
  })
  consume('queue', queueTopics, handleQueued({ ...parts, queue }))
  consume('sweeps', sweepTopics, handleSweep(parts))
  consume('fleet', nodeTopics, handleNode(fleet))
  opening.use(startRecovery({ attempts: attemptStore(db), queue, log }))

  const leftovers = leftoverStore(db)
  const keepMs = env.FORGE_CHECKPOINT_HOURS * 60 * minute
  const collect = () => collectLeftovers({ ...parts, leftovers }, keepMs)
  opening.use(leadEvery(minute, { name: 'training leftovers', pool: database.pool, log, work: collect }))

  const order = {
    blobs: settings,
    datasets: folder,
    uploads,
    fetching: { trustedHosts: env.FORGE_IMPORT_HOSTS, hub: env.FORGE_HUB },
    limitBytes: env.FORGE_IMPORT_LIMIT * 1024 ** 2,
  }
  opening.use(startImports(parts, { pool: database.pool, log, order, staging }))
  const verify = identityVerifier(env.GATEWAY_URL, 'training', { tls, revocations })

  const serving = opening.use(
    await serveGraph({
      name: 'training',
      schema,
      host: env.HOST,
      port: env.PORT ?? defaultPorts.training,
      verify,
      route: uploadRoute(uploads, env.FORGE_UPLOAD_LIMIT * 1024 ** 2, verify, log),
      tls,
      log,
      telemetry,
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
