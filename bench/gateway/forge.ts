import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCluster } from '../../kernel/database/cluster.ts'
import { clusterHome } from '../../kernel/database/cluster-home.ts'
import { readPostmaster } from '../../kernel/database/postmaster.ts'
import { withEmbeddedDatabases } from '../../kernel/database/service-database.ts'
import { readEnv } from '../../kernel/env.ts'
import { openLog } from '../../kernel/log.ts'
import { answering, healthy, run } from './process.ts'

const root = join(import.meta.dirname, '../..')

const files = {
  training: 'subgraphs/training/main.ts',
  models: 'subgraphs/models/main.ts',
  monitoring: 'subgraphs/monitoring/main.ts',
  realtime: 'subgraphs/realtime/main.ts',
  orchestration: 'subgraphs/orchestration/main.ts',
  worker: 'subgraphs/training/worker/main.ts',
  gateway: 'gateway/main.ts',
}
type Service = keyof typeof files

const subgraphs = ['training', 'models', 'monitoring', 'realtime', 'orchestration'] as const
const firstPort = 4130
const urlOf = (service: Service): string => `http://127.0.0.1:${firstPort + Object.keys(files).indexOf(service)}`

export interface MeasuredForge extends AsyncDisposable {
  /** GraphQL endpoint of its gateway. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Its processes by what they do, with PostgreSQL and the collector. */
  readonly pids: Readonly<Record<string, number>>
  /** Starts what takes jobs. */
  startWorker(): Promise<void>
  /** Spans that the collector got so far. */
  spans(): Promise<number>
}

/**
 * The forge with one process per service, as docker-compose.yml has it, on the PostgreSQL that npm installed: with keys,
 * the limits that it has by default, and every trace recorded and sent to a collector.
 */
export async function startForge(): Promise<MeasuredForge> {
  const data = mkdtempSync(join(tmpdir(), 'forge-bench-'))
  // PostgreSQL does not run as root, and whom it runs as must be able to enter.
  chmodSync(data, 0o711)
  await using parts = new AsyncDisposableStack()
  parts.defer(() => rmSync(data, { recursive: true, force: true }))
  const cluster = parts.use(await openCluster(data, openLog('bench', 'error'), { own: true }))
  const sink = fork(join(import.meta.dirname, 'trace-sink.ts'), { env: { ...process.env, NODE_ENV: 'production' } })
  parts.defer(() => void sink.kill())
  const collector = await answerOf<string>(sink)

  const adminKey = `forge_${randomBytes(32).toString('base64url')}`
  const databases = await withEmbeddedDatabases(readEnv({ FORGE_DATA: data }), cluster)
  const env: Record<string, string> = {
    FORGE_DATA: data,
    FORGE_LOG: 'error',
    FORGE_ADMIN_KEY: adminKey,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector,
    GATEWAY_URL: urlOf('gateway'),
  }
  for (const [name, value] of Object.entries(databases))
    if (name.endsWith('_DATABASE_URL') || name === 'BUS_URL') env[name] = String(value)
  for (const service of subgraphs) env[`${service.toUpperCase()}_URL`] = `${urlOf(service)}/graphql`

  const pids: Record<string, number> = {}
  const start = async (service: Service, stack: AsyncDisposableStack) => {
    const running = stack.use(
      run([join(root, files[service])], { env: { ...env, PORT: new URL(urlOf(service)).port } }),
    )
    pids[service] = running.pid
    await healthy(urlOf(service), running)
  }
  await Promise.all([...subgraphs, 'gateway' as const].map(service => start(service, parts)))
  const url = `${urlOf('gateway')}/graphql`
  const headers = { authorization: `Bearer ${adminKey}` }
  await answering(url, headers)

  pids.collector = sink.pid!
  pids.postgres = (await readPostmaster((await clusterHome(join(data, 'postgres'))).data))!.pid
  const running = parts.move()
  return {
    url,
    headers,
    pids,
    startWorker: () => start('worker', running),
    spans() {
      sink.send('spans')
      return answerOf<number>(sink)
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

const answerOf = async <T>(child: ChildProcess): Promise<T> => (await once(child, 'message'))[0] as T
