import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { Cluster } from './cluster.ts'
import type { DatabaseName } from './folders.ts'

/** Any number that nothing else in the `postgres` database locks: two processes may provision at once. */
const provisionLock = 72707370

/** Makes database and role `forge_<name>` where they are missing, closes them to the other roles, and returns the URL. */
export async function provision(cluster: Cluster, name: DatabaseName, dataFolder: string): Promise<string> {
  const role = `forge_${name}`
  const admin = new pg.Client({ connectionString: cluster.adminUrl, application_name: 'forge-provision' })
  await admin.connect()
  try {
    await admin.query('SELECT pg_advisory_lock($1)', [provisionLock])
    const password = await rolePassword(join(dataFolder, 'postgres', 'roles'), role)
    const { rowCount: roles } = await admin.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role])
    const verb = roles ? 'ALTER' : 'CREATE'
    await admin.query(`${verb} ROLE ${role} LOGIN PASSWORD ${admin.escapeLiteral(password)}`)

    const { rowCount: databases } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [role])
    if (!databases) await admin.query(`CREATE DATABASE ${role} OWNER ${role}`)
    // PostgreSQL lets everybody into a new database; also into its own, which no service needs.
    await admin.query(`REVOKE CONNECT ON DATABASE ${role} FROM PUBLIC`)
    await admin.query('REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC')
    return `postgres://${role}:${password}@127.0.0.1:${cluster.port}/${role}`
  } finally {
    await admin.end()
  }
}

async function rolePassword(folder: string, role: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, role)
  const known = await readFile(path, 'utf8').catch(() => '')
  if (known) return known
  const password = randomBytes(24).toString('base64url')
  await writeFile(path, password, { mode: 0o600 })
  return password
}
