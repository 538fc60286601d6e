import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { unavailable } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ClusterHome } from './cluster-home.ts'
import { clusterHome } from './cluster-home.ts'
import { initialise } from './initdb.ts'
import { holdLease } from './lease.ts'
import { freePort, readPostmaster, spawnServer, stopServer, wasStopped } from './postmaster.ts'
import { takeLock } from './start-lock.ts'

/** A running embedded PostgreSQL, held for as long as the process uses it. */
export interface Cluster extends AsyncDisposable {
  readonly port: number
  /** Connects as the superuser `postgres`, password included: never log it. */
  readonly adminUrl: string
  /** Whether this call started the server; it was running already otherwise. */
  readonly started: boolean
}

const leaseName = 'forge-lease'
const startPatienceMs = 60_000

/** Why a start may fail that succeeds a moment later: what a killed server leaves, or a port taken before us. */
const passing = /lock file "postmaster.pid" already exists|shared memory block|could not create any TCP\/IP sockets/

/**
 * The embedded PostgreSQL of a data folder: attaches to the server that runs there, or starts it. The last process to
 * leave stops it; with `own` (the forge's main process) leaving stops it whoever else is there.
 */
export async function openCluster(
  dataFolder: string,
  log: Log,
  { own = false }: { own?: boolean } = {},
): Promise<Cluster> {
  const folder = join(dataFolder, 'postgres')
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o711)
  const lockPath = join(folder, 'start.lock')

  using _lock = await takeLock(lockPath)
  const home = await clusterHome(folder)
  const password = await initialise(home, folder, log)
  const attach = () => attachOrStart(home, folder, password, log)
  const { lease: first, port, started } = await attach()
  const retake = async () => {
    // Who stops the server on purpose holds the lock meanwhile.
    using _lock = await takeLock(lockPath)
    if (await wasStopped(home.data)) return null
    log.error({ data: home.data }, 'embedded PostgreSQL is gone; starting it again')
    return (await attach()).lease
  }
  const lease = holdLease(first, retake, log)
  log.info({ port, started, data: home.data }, 'embedded PostgreSQL')

  return {
    port,
    started,
    adminUrl: adminUrl(port, password),
    [Symbol.asyncDispose]: async () => {
      await lease.settle()
      // Under the lock nobody attaches between the count and the stop.
      using _lock = await takeLock(lockPath)
      const last = own || (await isLastLease(lease.client))
      await lease.client.end().catch(error => log.debug({ error }, 'lease already closed'))
      if (last) await stopServer(home.data)
    },
  }
}

const adminUrl = (port: number, password: string) => `postgres://postgres:${password}@127.0.0.1:${port}/postgres`

interface Attached {
  readonly lease: pg.Client
  readonly port: number
  readonly started: boolean
}

async function attachOrStart(home: ClusterHome, folder: string, password: string, log: Log): Promise<Attached> {
  const logFile = join(folder, 'server.log')
  const portFile = join(folder, 'port')
  const deadline = Date.now() + startPatienceMs
  let server: Awaited<ReturnType<typeof spawnServer>> | undefined
  while (Date.now() < deadline) {
    const running = await readPostmaster(home.data)
    const answer = running && (await tryLease(adminUrl(running.port, password), log))
    if (answer instanceof pg.Client) {
      await writeFile(portFile, String(running!.port))
      return { lease: answer, port: running!.port, started: server?.ended() === false }
    }
    if (server?.ended()) {
      if (!passing.test(await lastLines(logFile))) break
      server = undefined
      await delay(100)
    }
    // A file of a killed server may name a process that is no PostgreSQL: starting one finds that out, and a second
    // server on the same data refuses to run.
    if (!server && answer !== 'starting') {
      const preferred = Number(await readFile(portFile, 'utf8').catch(() => 0))
      server = await spawnServer(home, await freePort(preferred), logFile)
    }
    await delay(10)
  }
  throw unavailable(
    `The embedded PostgreSQL in ${home.data} did not start: see ${logFile}. ${await lastLines(logFile)}`,
  )
}

/** A connection kept open while the cluster is used; others count them. */
async function tryLease(connectionString: string, log: Log): Promise<pg.Client | 'starting' | 'refused'> {
  const client = new pg.Client({ connectionString, application_name: leaseName, keepAlive: true })
  client.on('error', error => log.warn({ error: error.message }, 'embedded PostgreSQL closed its connection'))
  try {
    await client.connect()
    return client
  } catch (error) {
    await client.end().catch(() => {})
    return (error as { code?: string }).code === '57P03' ? 'starting' : 'refused'
  }
}

async function isLastLease(lease: pg.Client): Promise<boolean> {
  const others = 'SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()'
  // Without an answer the server is gone or going: stopping it then is harmless.
  const result = await lease.query(others, [leaseName]).catch(() => undefined)
  return !result?.rowCount
}

const lastLines = async (file: string): Promise<string> =>
  (await readFile(file, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-5).join(' | ')
