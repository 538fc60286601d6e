import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import type { DatabaseName } from '../../kernel/database/folders.ts'
import { prismaFolder } from '../../kernel/database/folders.ts'
import { migrate, readMigrations } from '../../kernel/database/migrations.ts'
import { asAdmin, postgresUrl } from './scratch.ts'

/** Any number that the tests alone lock. */
const templateLock = 72707371

export interface ScratchDatabase extends AsyncDisposable {
  readonly url: string
  readonly pool: pg.Pool
}

/**
 * A database of its own, dropped at the end. With a service it has that service's tables: it is copied from a template,
 * which is migrated once and stays on the test server until the migrations change.
 */
export async function scratchDatabase(service?: DatabaseName): Promise<ScratchDatabase> {
  const name = `scratch_${randomUUID().replaceAll('-', '')}`
  const template = service && (await migratedTemplate(service))
  await asAdmin(`CREATE DATABASE ${name} ${template ? `TEMPLATE ${template}` : ''}`)
  const url = databaseUrl(name)
  const pool = openPool(url)
  return {
    url,
    pool,
    [Symbol.asyncDispose]: async () => {
      await pool.end()
      await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

async function migratedTemplate(service: DatabaseName): Promise<string> {
  const migrations = await readMigrations(join(prismaFolder(service), 'migrations'))
  const hash = createHash('sha256')
  for (const { name, checksum } of migrations) hash.update(name).update(checksum)
  const template = `scratch_template_${service}_${hash.digest('hex').slice(0, 12)}`

  await withAdmin(async admin => {
    await admin.query('SELECT pg_advisory_lock($1)', [templateLock])
    const like = `scratch_template_${service}_%`
    const { rows } = await admin.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE datname LIKE $1 AND datistemplate',
      [like],
    )
    if (rows.some(row => row.datname === template)) return
    await admin.query(`DROP DATABASE IF EXISTS ${template}`)
    await admin.query(`CREATE DATABASE ${template}`)
    const pool = openPool(databaseUrl(template))
    await migrate(pool, migrations).finally(() => pool.end())
    // Marked only when it is whole, so that an interrupted run leaves nothing that looks like a template.
    await admin.query(`ALTER DATABASE ${template} IS_TEMPLATE true`)
    for (const { datname } of rows) {
      await admin.query(`ALTER DATABASE ${datname} IS_TEMPLATE false`)
      await admin.query(`DROP DATABASE IF EXISTS ${datname}`)
    }
  })
  return template
}

async function withAdmin(work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = new pg.Client({ connectionString: postgresUrl })
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}

function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  // A connection that the test server ends (or a drop forces out) is no news here.
  pool.on('error', () => {})
  return pool
}

const databaseUrl = (name: string): string => Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href
