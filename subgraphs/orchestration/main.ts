import { followRevocations } from '../../kernel/auth/revocations.ts'
import { identityVerifier } from '../../kernel/auth/tokens.ts'
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
import { openTelemetry } from '../../kernel/telemetry/telemetry.ts'
import { openPeerTls } from '../../kernel/tls/credentials.ts'
import { PrismaClient } from '../../prisma/orchestration/generated/client.ts'
import { retention } from '../../schema/events.ts'
import { auditStore } from './audit/store.ts'
import type { OrchestrationParts } from './builder.ts'
import { schema } from './graph.ts'
import { keyStore } from './identities/store.ts'
import { ensureAdminKey } from './logins/admin-key.ts'
import { adminKeyFile } from './logins/admin-key-file.ts'
import { identityRoute } from './logins/route.ts'
import { createLoginCode } from './logins/service.ts'
import { loginStore } from './logins/store.ts'
import { runStore } from './runs/store.ts'
import { followEvent, followed } from './steps/events.ts'

export interface OrchestrationServing extends Serving {
  /** Opens one admin session within ten minutes, once: `GATEWAY/login?code=…`. */
  readonly loginCode: string
}

/** Starts orchestration: pipelines, identities and the audit log. */
export async function startOrchestration(env: Env, log: Log): Promise<OrchestrationServing> {
  await using opening = new AsyncDisposableStack()
  const telemetry = opening.use(await openTelemetry('orchestration', env))
  const tls = opening.use(openPeerTls(env, log))
  const database = opening.use(await openDatabase('orchestration', env, log))
  const db = opening.use(openPrisma(PrismaClient, database.pool))
  const bus = opening.use(await openBus(env, retention, log))
  const revocations = opening.use(followRevocations(bus, log))
  const parts: OrchestrationParts = {
    runs: runStore(db),
    keys: keyStore(db),
    codes: loginStore(db),
    auditLog: auditStore(db),
    now: () => new Date(),
  }

  await ensureAdminKey(parts, adminKeyFile(env.FORGE_DATA), env.FORGE_ADMIN_KEY)
  const { code } = await createLoginCode(parts, { principal: 'service:orchestration', project: '*' })

  opening.use(startRelay({ pool: database.pool, bus, log, telemetry }))
  opening.use(
    startConsumer({
      name: 'steps',
      bus,
      pool: database.pool,
      topics: followed,
      handle: event => followEvent(parts, event),
      log,
      telemetry,
      from: 'start',
    }),
  )
  const verify = identityVerifier(env.GATEWAY_URL, 'orchestration', { tls, revocations })
  const serving = opening.use(
    await serveGraph({
      name: 'orchestration',
      schema,
      host: env.HOST,
      port: env.PORT ?? defaultPorts.orchestration,
      verify,
      tls,
      log,
      telemetry,
      context: () => parts,
      healthy: async () => {
        await database.pool.query('SELECT 1')
        await bus.head()
      },
      route: identityRoute(parts, verify),
    }),
  )
  opening.use(startReporting({ bus, service: 'orchestration', url: serving.url, log }))
  const open = opening.move()
  return { url: serving.url, loginCode: code, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

if (import.meta.main) {
  const env = readEnv()
  await runProcess(() => startOrchestration(env, openLog('orchestration', env.FORGE_LOG)))
}
