import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { prismaFolder, serviceNames } from '../kernel/database/folders.ts'
import { openSchemaEngine } from './schema-engine.ts'

/** Writes the migration that leads to a service's schema.prisma: `node prisma/migration.ts <service> <name>`. */
const [serviceArgument, name] = parseArgs({ allowPositionals: true }).positionals
const service = serviceNames.find(known => known === serviceArgument)

if (!service || !name || !/^[a-z0-9_]+$/.test(name)) {
  console.error(`usage: node prisma/migration.ts <${serviceNames.join('|')}> <name_in_snake_case>`)
  process.exitCode = 2
} else {
  await using engine = await openSchemaEngine()
  const sql = await engine.difference(service)
  if (sql === '') console.log(`prisma/${service}: the migrations make schema.prisma already`)
  else console.log(await writeMigration(join(prismaFolder(service), 'migrations'), name, sql))
}

async function writeMigration(migrations: string, name: string, sql: string): Promise<string> {
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const folder = join(migrations, `${time}_${name}`)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'migration.sql'), sql)
  await writeFile(
    join(migrations, 'migration_lock.toml'),
    '# Written by prisma/migration.ts; `prisma migrate deploy` wants it.\nprovider = "postgresql"\n',
  )
  return folder
}
