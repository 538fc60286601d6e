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
import { startReporting } from '../../kernel/report.ts'
import { type Serving, serveGraph } from '../../kernel/serve.ts'
import { PrismaClient } from '../../prisma/models/generated/client.ts'
import { retention } from '../../schema/events.ts'
import { aliasStore } from './aliases/store.ts'
import { artifactRoute } from './artifacts/route.ts'
import { openGenerators } from './generators/generators.ts'
import { schema } from './graph.ts'
import { modelsLoaders } from './loaders.ts'
import { blobArtifacts } from './registration/artifacts.ts'
import { consumedTopics, handleEvent } from './registration/events.ts'
import { registrationStore } from './registration/store.ts'
import { registryStore } from './registry/store.ts'
import { versionStore } from './versions/store.ts'

const minute = 60_000

/** Starts models: it registers what jobs make, and generates text with it. */
export async function startModels(env: Env, log: Log): Promise<Serving> {
  await using opening = new AsyncDisposableStack()
  const database = opening.use(await openDatabase('models', env, log))
  const db = opening.use(openPrisma(PrismaClient, database.pool))
  const bus = opening.use(await openBus(env, retention, log))
  const folder = env.FORGE_BLOBS ?? join(env.FORGE_DATA, 'blobs')
  const blobs = await openFileBlobs(folder)
  const generators = opening.use(
    openGenerators({
      blobs: folder,
      executor: env.FORGE_EXECUTOR,
      threads: env.FORGE_THREADS ?? 1,
      kept: 2,
      idleMs: 5 * minute,
      limitMs: 2 * minute,
      queued: 32,
    }),
  )
  const parts = { registry: registryStore(db), versions: versionStore(db), aliases: aliasStore(db), generators }

  opening.use(startRelay({ pool: database.pool, bus, log }))
  opening.use(
    startConsumer({
      name: 'registration',
      bus,
      pool: database.pool,
      topics: consumedTopics,
      handle: handleEvent({
        registrations: registrationStore(db),
        artifacts: blobArtifacts(blobs),
      }),
      log,
      from: 'start',
    }),
  )
  const verify = identityVerifier(env.GATEWAY_URL, 'models')
  const serving = opening.use(
    await serveGraph({
      name: 'models',
      schema,
      host: env.HOST,
      port: env.PORT ?? defaultPorts.models,
      verify,
      log,
      route: artifactRoute({ versions: parts.versions, blobs }, verify, log),
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
