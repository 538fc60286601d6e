import { followRevocations } from '../../kernel/auth/revocations.ts'
import { identityVerifier } from '../../kernel/auth/tokens.ts'
import { openBus } from '../../kernel/bus/open.ts'
import { startConsumer } from '../../kernel/consumer.ts'
import { openPrisma } from '../../kernel/database/prisma.ts'
import { openDatabase } from '../../kernel/database/service-database.ts'
import { defaultPorts, type Env, readEnv } from '../../kernel/env.ts'
import { type Log, openLog } from '../../kernel/log.ts'
import { runProcess } from '../../kernel/process.ts'
import { startReporting } from '../../kernel/report.ts'
import { type Serving, serveGraph } from '../../kernel/serve.ts'
import { openTelemetry } from '../../kernel/telemetry/telemetry.ts'
import { openPeerTls } from '../../kernel/tls/credentials.ts'
import { PrismaClient } from '../../prisma/monitoring/generated/client.ts'
import { retention } from '../../schema/events.ts'
import { followEvent, followed } from './events.ts'
import { fleetStore } from './fleet/store.ts'
import { schema } from './graph.ts'
import { jobStore } from './jobs/store.ts'
import { monitoringLoaders } from './loaders.ts'
import { instanceStore } from './services/store.ts'

/** Starts monitoring: the processes, the machines and the progress of all jobs, from what they report. */
export async function startMonitoring(env: Env, log: Log): Promise<Serving> {
  await using opening = new AsyncDisposableStack()
  const telemetry = opening.use(await openTelemetry('monitoring', env))
  const tls = opening.use(openPeerTls(env, log))
  const database = opening.use(await openDatabase('monitoring', env, log))
  const db = opening.use(openPrisma(PrismaClient, database.pool))
  const bus = opening.use(await openBus(env, retention, log))
  const revocations = opening.use(followRevocations(bus, log))
  const parts = { instances: instanceStore(db), fleet: fleetStore(db), jobs: jobStore(db), now: () => new Date() }

  opening.use(
    startConsumer({
      name: 'monitoring',
      bus,
      pool: database.pool,
      topics: followed,
      handle: event => followEvent(parts, event),
      log,
      telemetry,
      from: 'start',
    }),
  )
  const { url } = opening.use(
    await serveGraph({
      name: 'monitoring',
      schema,
      host: env.HOST,
      port: env.PORT ?? defaultPorts.monitoring,
      verify: identityVerifier(env.GATEWAY_URL, 'monitoring', { tls, revocations }),
      tls,
      log,
      telemetry,
      context: identity => ({ ...parts, loaders: monitoringLoaders(parts, identity) }),
      healthy: async () => {
        await database.pool.query('SELECT 1')
        await bus.head()
      },
    }),
  )
  opening.use(startReporting({ bus, service: 'monitoring', url, log }))
  const open = opening.move()
  return { url, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

if (import.meta.main) {
  const env = readEnv()
  await runProcess(() => startMonitoring(env, openLog('monitoring', env.FORGE_LOG)))
}
