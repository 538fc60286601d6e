import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createClient } from 'redis'
import { parse } from 'yaml'
import { makeDevelopmentAuthority } from '../../forge/dev-ca.ts'
import { peerFetch } from '../../kernel/tls/client.ts'
import { openPeerTls, type PeerTls } from '../../kernel/tls/credentials.ts'
import { freePort, root, type Started, start } from '../support/processes.ts'
import { silentLog } from '../support/silent-log.ts'
import { serving } from './embedded-forge.ts'
import type { RunningForge } from './running-forge.ts'

interface ComposeService {
  readonly image: string
  readonly command: string[]
  readonly environment: Readonly<Record<string, string | number>>
  readonly volumes?: readonly string[]
}

export interface ComposeForge extends RunningForge {
  /** Origin of a service. */
  urlOf(service: string): string
  /** A certificate of the forge, where it asks for one. */
  readonly tls: PeerTls | undefined
  /** Ends one service as `docker compose stop` does. */
  stop(service: string): Promise<void>
}

const postgresUrl = new URL(process.env.TEST_POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres')
// A database number of its own, so that what runs beside these tests is not disturbed.
const redisUrl = `${(process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379').replace(/\/\d*$/, '')}/7`
const services = ['training', 'models', 'monitoring', 'realtime', 'orchestration', 'worker', 'gateway']

/**
 * Every service of docker-compose.yml as a process, with the command and the environment that the file names. What a
 * container would have of its own is mapped: host names to loopback ports, volumes to folders. `mtls` adds deploy/mtls.yml.
 */
export async function composeForge({ mtls = false } = {}): Promise<ComposeForge> {
  // Whatever fails on the way, a service that never answers above all, leaves no process behind.
  await using opening = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'forge-compose-'))
  opening.defer(() => rmSync(folder, { recursive: true, force: true }))
  const password = randomBytes(12).toString('hex')
  const read = (file: string) => {
    const text = readFileSync(join(root, file), 'utf8').replace(/\$\{SERVICE_PASSWORD\}/g, password)
    return parse(text, { merge: true }) as { services: Record<string, ComposeService> }
  }
  const compose = read('docker-compose.yml')
  const added = mtls ? read('deploy/mtls.yml') : undefined
  const certificates = join(folder, 'certificates')
  if (mtls) await makeDevelopmentAuthority(certificates)
  const tls = openPeerTls(mtls ? credentialsOf(certificates) : {}, silentLog)
  opening.defer(() => tls?.[Symbol.dispose]())
  const urlOf = (service: string) => `http${mtls && service !== 'gateway' ? 's' : ''}://127.0.0.1:${ports[service]}`
  const ports = Object.fromEntries(
    await Promise.all([...services, 'peers'].map(async name => [name, await freePort()] as const)),
  )

  opening.defer(emptyRedis)
  opening.defer(dropServices)
  await dropServices()
  execFileSync(join(root, 'deploy/postgres/services.sh'), {
    env: {
      ...process.env,
      SERVICE_PASSWORD: password,
      PGHOST: postgresUrl.hostname,
      PGPORT: postgresUrl.port || '5432',
      PGDATABASE: 'postgres',
    },
    stdio: 'ignore',
  })
  await emptyRedis()

  const mapped = (service: string, value: string): string =>
    value
      .replace('@postgres:5432', `@${postgresUrl.hostname}:${postgresUrl.port || 5432}`)
      .replace('redis://redis:6379', redisUrl)
      .replace(/^(https?):\/\/([a-z]+):(\d+)/, (_all, scheme: string, host: string, port: string) => {
        return `${scheme}://127.0.0.1:${ports[port === '4007' ? 'peers' : host]}`
      })
      .replace(/^\/certificates/, certificates)
      .replace(/^\/data$/, join(folder, service))
      .replace(/^\/blobs$/, join(folder, 'blobs'))
      .replace(/^0\.0\.0\.0$/, '127.0.0.1')

  function launch(service: string): Started {
    const { command, ...own } = compose.services[service]!
    const environment = { ...own.environment, ...added?.services[service]?.environment }
    mkdirSync(join(folder, service), { recursive: true })
    const env = Object.entries(environment).map(([name, value]) => [name, mapped(service, String(value))])
    return start(command, {
      ...Object.fromEntries(env),
      PORT: String(ports[service]),
      GATEWAY_PEER_PORT: String(ports.peers),
      FORGE_LOG: 'warn',
      FORGE_THREADS: '1',
    })
  }

  const running = new Map<string, Started>()
  async function up(names: readonly string[]) {
    for (const name of names) running.set(name, launch(name))
    await Promise.all(names.map(name => serving(urlOf(name), running.get(name)!, peerFetch(tls))))
  }
  async function stop(name: string) {
    const started = running.get(name)
    running.delete(name)
    started?.child.kill('SIGTERM')
    await started?.exit
  }

  opening.defer(async () => {
    await Promise.all([...running.keys()].map(stop))
  })
  await up(services)
  const open = opening.move()
  return {
    url: urlOf('gateway'),
    urlOf,
    tls,
    adminKey: readFileSync(join(folder, 'orchestration/admin-key'), 'utf8').trim(),
    stop,
    async crash() {
      const worker = running.get('worker')!
      worker.child.kill('SIGKILL')
      await worker.exit
    },
    restart: () => up(services.filter(name => running.get(name)?.child.signalCode || !running.has(name))),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** The variables of a process that has the certificate of `realtime`. */
const credentialsOf = (folder: string) => ({
  FORGE_TLS_CA: join(folder, 'ca.pem'),
  FORGE_TLS_CERT: join(folder, 'realtime.pem'),
  FORGE_TLS_KEY: join(folder, 'realtime-key.pem'),
})

async function dropServices(): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl.href })
  await client.connect()
  for (const service of services.slice(0, 5)) {
    await client.query(`DROP DATABASE IF EXISTS forge_${service} WITH (FORCE)`)
    await client.query(`DROP ROLE IF EXISTS forge_${service}`)
  }
  await client.end()
}

async function emptyRedis(): Promise<void> {
  const client = await createClient({ url: redisUrl }).connect()
  await client.flushDb()
  await client.close()
}
