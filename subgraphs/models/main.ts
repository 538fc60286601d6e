import { followRevocations } from '../../kernel/auth/revocations.ts'
import { identityVerifier } from '../../kernel/auth/tokens.ts'
import { blobSettings, openBlobs } from '../../kernel/blobs/open.ts'
import { openBus } from '../../kernel/bus/open.ts'
import { startConsumer } from '../../kernel/consumer.ts'
import { leadEvery } from '../../kernel/database/leader.ts'
import { openPrisma } from '../../kernel/database/prisma.ts'
import { openDatabase } from '../../kernel/database/service-database.ts'
import { defaultPorts, type Env, readEnv } from '../../kernel/env.ts'
import { newId } from '../../kernel/ids.ts'
import { type Log, openLog } from '../../kernel/log.ts'
import { startRelay } from '../../kernel/outbox.ts'
import { runProcess } from '../../kernel/process.ts'
import { startReporting } from '../../kernel/report.ts'
import { type Serving, serveGraph } from '../../kernel/serve.ts'
import { openTelemetry } from '../../kernel/telemetry/telemetry.ts'
import { openPeerTls } from '../../kernel/tls/credentials.ts'
import { PrismaClient } from '../../prisma/models/generated/client.ts'
import { retention } from '../../schema/events.ts'
import { artifactRoute } from './artifacts/route.ts'
import type { Tell } from './chats/ports.ts'
import { completionRoute } from './completions/route.ts'
import { consumedTopics, handleEvent } from './consumption.ts'
import { openGenerators } from './generators/generators.ts'
import { schema } from './graph.ts'
import { uploadRoute } from './imports/route.ts'
import { modelsLoaders } from './loaders.ts'
import { storedParts } from './parts.ts'
import { sweep } from './purging/service.ts'
import { openVersionSigner } from './signing/signer.ts'

const minute = 60_000

/** Starts models: it registers what jobs make, and generates text with it. */
export async function startModels(env: Env, log: Log): Promise<Serving> {
  await using opening = new AsyncDisposableStack()
  const telemetry = opening.use(await openTelemetry('models', env))
  const tls = opening.use(openPeerTls(env, log))
  const database = opening.use(await openDatabase('models', env, log))
  const db = opening.use(openPrisma(PrismaClient, database.pool))
  const bus = opening.use(await openBus(env, retention, log))
  const revocations = opening.use(followRevocations(bus, log))
  const settings = blobSettings(env)
  const blobs = await openBlobs(settings)
  const generators = opening.use(
    openGenerators({
      blobs: settings,
      executor: env.FORGE_EXECUTOR,
      threads: env.FORGE_THREADS ?? 1,
      keptBytes: env.FORGE_MODEL_MEMORY * 1024 ** 2,
      idleMs: 5 * minute,
      limitMs: 2 * minute,
      queued: 32,
    }),
  )
  const signer = await openVersionSigner(env)
  const stored = storedParts({ db, blobs, signer, undoMs: env.FORGE_UNDO_HOURS * 60 * minute })
  const tell: Tell = (project, data) =>
    bus.publish([
      { id: newId('evt'), topic: 'chat.progressed', key: data.chatId, project, at: new Date().toISOString(), data },
    ])

  opening.use(startRelay({ pool: database.pool, bus, log, telemetry }))
  const consumer = opening.use(
    startConsumer({
      name: 'registration',
      bus,
      pool: database.pool,
      topics: consumedTopics,
      handle: handleEvent(stored),
      log,
      telemetry,
      from: 'start',
    }),
  )
  const parts = { ...stored, generators, tell, lagMs: async () => (await consumer.lag()).ms }
  opening.use(leadEvery(minute, { name: 'model purges', pool: database.pool, log, work: () => sweep(parts) }))
  const verify = identityVerifier(env.GATEWAY_URL, 'models', { tls, revocations })
  const upload = uploadRoute(parts, verify)
  const artifact = artifactRoute(parts, verify, log)
  const completion = completionRoute(parts, verify, log)
  const serving = opening.use(
    await serveGraph({
      name: 'models',
      schema,
      host: env.HOST,
      port: env.PORT ?? defaultPorts.models,
      verify,
      tls,
      log,
      telemetry,
      route: async (request, response) =>
        (await upload(request, response)) || (await completion(request, response)) || artifact(request, response),
      context: identity => ({ ...parts, loaders: modelsLoaders(parts, identity) }),
      healthy: async () => {
        await database.pool.query('SELECT 1')
        await bus.head()
      },
    }),
  )
  opening.use(startReporting({ bus, service: 'models', url: serving.url, log }))
  const open = opening.move()
  return { url: serving.url, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

if (import.meta.main) {
  const env = readEnv()
  await runProcess(() => startModels(env, openLog('models', env.FORGE_LOG)))
}
