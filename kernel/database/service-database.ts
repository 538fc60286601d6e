import { join } from 'node:path'
import type pg from 'pg'
import type { Env } from '../env.ts'
import { invalidInput, unavailable } from '../errors.ts'
import type { Log } from '../log.ts'
import { TracedPool } from '../telemetry/sql.ts'
import { type Cluster, openCluster } from './cluster.ts'
import type { DatabaseName } from './folders.ts'
import { prismaFolder } from './folders.ts'
import { migrate, readMigrations } from './migrations.ts'
import { provision } from './provision.ts'

/** A service's own database, migrated and ready. */
export interface ServiceDatabase extends AsyncDisposable {
  /** Connection string, password included: never log it. */
  readonly url: string
  readonly pool: pg.Pool
}

const variables = {
  training: 'TRAINING_DATABASE_URL',
  models: 'MODELS_DATABASE_URL',
  monitoring: 'MONITORING_DATABASE_URL',
  realtime: 'REALTIME_DATABASE_URL',
  orchestration: 'ORCHESTRATION_DATABASE_URL',
  bus: 'BUS_URL',
} as const satisfies Record<DatabaseName, keyof Env>

/**
 * Opens the database that the environment names, or one in the embedded PostgreSQL, and applies its migrations.
 * Throws UNAVAILABLE when the server cannot be reached or refuses the connection.
 */
export async function openDatabase(name: DatabaseName, env: Env, log: Log): Promise<ServiceDatabase> {
  await using opening = new AsyncDisposableStack()
  const url = env[variables[name]] ?? (await openEmbedded(name, env.FORGE_DATA, log, opening))
  if (!/^postgres(ql)?:/.test(url)) {
    throw invalidInput(`${variables[name]} must begin with postgres://, but begins with ${new URL(url).protocol}//.`)
  }
  const pool = openPool(url, `forge-${name}`, log)
  opening.defer(() => pool.end())
  await reach(pool, url, variables[name])
  const applied = await migrate(pool, await readMigrations(join(prismaFolder(name), 'migrations')))
  if (applied.length > 0) log.info({ database: name, applied }, 'migrations applied')

  const open = opening.move()
  return { url, pool, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

/**
 * The environment with a URL in the embedded PostgreSQL for every database that it names none for: so the many services
 * of one process need not each look for the cluster.
 */
export async function withEmbeddedDatabases(env: Env, cluster: Cluster): Promise<Env> {
  const unnamed = Object.entries(variables).filter(([, variable]) => env[variable] === undefined)
  const urls = await Promise.all(
    unnamed.map(async ([name, variable]) => [variable, await provision(cluster, name as DatabaseName, env.FORGE_DATA)]),
  )
  return { ...env, ...Object.fromEntries(urls) }
}

async function openEmbedded(name: DatabaseName, dataFolder: string, log: Log, stack: AsyncDisposableStack) {
  const cluster = stack.use(await openCluster(dataFolder, log))
  return provision(cluster, name, dataFolder)
}

/** A pool whose idle connections may break without ending the process; the next query opens another. */
function openPool(url: string, applicationName: string, log: Log): pg.Pool {
  const pool = new TracedPool({
    connectionString: url,
    application_name: applicationName,
    max: 10,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  })
  pool.on('error', error => log.warn({ error: error.message }, 'a database connection broke'))
  return pool
}

async function reach(pool: pg.Pool, url: string, variable: string): Promise<void> {
  try {
    await pool.query('SELECT 1')
  } catch (cause) {
    const { hostname, port, pathname } = new URL(url)
    // The cause names the address or the refusal; the message is ours, so that no password travels with it.
    const reason = (cause as { code?: string }).code ?? 'no answer'
    throw unavailable(
      `PostgreSQL at ${hostname}:${port || 5432} does not let us into the database ${pathname.slice(1)} (${reason}): start it, or correct ${variable}.`,
      cause,
    )
  }
}
