import { followRevocations } from '../../kernel/auth/revocations.ts'
import { identityVerifier } from '../../kernel/auth/tokens.ts'
import { openBus } from '../../kernel/bus/open.ts'
import { startConsumer } from '../../kernel/consumer.ts'
import { openPrisma } from '../../kernel/database/prisma.ts'
import { openDatabase } from '../../kernel/database/service-database.ts'
import { defaultPorts, type Env, readEnv } from '../../kernel/env.ts'
import { newId } from '../../kernel/ids.ts'
import { type Log, openLog } from '../../kernel/log.ts'
import { runProcess } from '../../kernel/process.ts'
import { startReporting } from '../../kernel/report.ts'
import { type Serving, serveGraph } from '../../kernel/serve.ts'
import { openTelemetry } from '../../kernel/telemetry/telemetry.ts'
import { openPeerTls } from '../../kernel/tls/credentials.ts'
import { PrismaClient } from '../../prisma/realtime/generated/client.ts'
import { retention } from '../../schema/events.ts'
import { openRegistry } from './connections/registry.ts'
import { staleMs } from './connections/service.ts'
import { connectionStore } from './connections/store.ts'
import { openHub } from './feed/hub.ts'
import { patientLog } from './feed/patient-log.ts'
import { schema } from './graph.ts'
import { openChatReaders } from './streams/chat-readers.ts'
import { keepSubject } from './subjects/events.ts'
import { subjectTopics } from './subjects/news.ts'
import { subjectStore } from './subjects/store.ts'

/** Starts realtime: every subscription, on one tail of the event log. */
export async function startRealtime(env: Env, log: Log): Promise<Serving> {
  await using opening = new AsyncDisposableStack()
  const telemetry = opening.use(await openTelemetry('realtime', env))
  const tls = opening.use(openPeerTls(env, log))
  const database = opening.use(await openDatabase('realtime', env, log))
  const db = opening.use(openPrisma(PrismaClient, database.pool))
  const bus = opening.use(await openBus(env, retention, log))
  const revocations = opening.use(followRevocations(bus, log))
  const hub = opening.use(await openHub(bus))
  const subjects = subjectStore(db)
  const connections = connectionStore(db)
  const now = () => new Date()
  const registry = opening.use(openRegistry(connections, log, now))
  const chatReaders = opening.use(
    openChatReaders(
      {
        async isRead(chatId) {
          await registry.confirm()
          return connections.isFollowed('chatProgress', chatId, new Date(now().getTime() - staleMs))
        },
        announce: (project, data) =>
          bus.publish([{ id: newId('evt'), topic: 'chat.left', key: data.chatId, project, at: data.leftAt, data }]),
        log,
        now,
      },
      5_000,
    ),
  )
  const parts = {
    log: patientLog(bus, log),
    hub,
    subjects,
    connections: registry,
    connectionStore: connections,
    chatReaders,
    now,
  }

  opening.use(
    startConsumer({
      name: 'subjects',
      bus,
      pool: database.pool,
      topics: subjectTopics,
      handle: event => keepSubject(subjects, event),
      log,
      telemetry,
      from: 'start',
    }),
  )
  const serving = opening.use(
    await serveGraph({
      name: 'realtime',
      schema,
      host: env.HOST,
      port: env.PORT ?? defaultPorts.realtime,
      verify: identityVerifier(env.GATEWAY_URL, 'realtime', { tls, revocations }),
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
  opening.use(startReporting({ bus, service: 'realtime', url: serving.url, log }))
  const open = opening.move()
  return { url: serving.url, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

if (import.meta.main) {
  const env = readEnv()
  await runProcess(() => startRealtime(env, openLog('realtime', env.FORGE_LOG)))
}
