import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Client, Pool } from 'pg'
import { prismaFolder, type ServiceName } from '../../kernel/database/folders.ts'
import { migrate, readMigrations } from '../../kernel/database/migrations.ts'
import { databaseUrl, postgresUrl } from './scratch.ts'

/** Any number that the tests alone lock. */
const templateLock = 72707371

/** The name of a database with a service's tables, to be copied. It stays on the test server until the migrations change. */
export async function migratedTemplate(service: ServiceName): Promise<string> {
  const migrations = await readMigrations(join(prismaFolder(service), 'migrations'))
  const hash = createHash('sha256')
  for (const { name, checksum } of migrations) hash.update(name).update(checksum)
  const template = `forge_template_${service}_${hash.digest('hex').slice(0, 12)}`

  const admin = new Client({ connectionString: postgresUrl })
  await admin.connect()
  try {
    await admin.query('SELECT pg_advisory_lock($1)', [templateLock])
    const known = await findTemplates(admin, service)
    if (known.includes(template)) return template
    await admin.query(`DROP DATABASE IF EXISTS ${template}`)
    await admin.query(`CREATE DATABASE ${template}`)
    const pool = new Pool({ connectionString: databaseUrl(template), max: 1 })
    await migrate(pool, migrations).finally(() => pool.end())
    // Marked only when it is whole, so that an interrupted run leaves nothing that looks like a template.
    await admin.query(`ALTER DATABASE ${template} IS_TEMPLATE true`)
    for (const outdated of known) {
      await admin.query(`ALTER DATABASE ${outdated} IS_TEMPLATE false`)
      await admin.query(`DROP DATABASE ${outdated}`)
    }
    return template
  } finally {
    await admin.end()
  }
}

async function findTemplates(admin: Client, service: ServiceName): Promise<readonly string[]> {
  const { rows } = await admin.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE starts_with(datname, $1) AND datistemplate',
    [`forge_template_${service}_`],
  )
  return rows.map(row => row.datname)
}
