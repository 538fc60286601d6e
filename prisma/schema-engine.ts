import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import { openCluster } from '../kernel/database/cluster.ts'
import type { ServiceName } from '../kernel/database/folders.ts'
import { prismaFolder } from '../kernel/database/folders.ts'
import { readMigrations } from '../kernel/database/migrations.ts'
import { openLog } from '../kernel/log.ts'
import { EngineAdapter } from './engine-adapter.ts'

/**
 * Prisma's schema engine as WebAssembly, on a PostgreSQL that lives as long as it does: the native engine is a
 * download, which a closed network does not let through.
 */
export interface SchemaEngine extends AsyncDisposable {
  /** The SQL that leads from what the migrations of a service make to its schema.prisma; empty when nothing is missing. */
  difference(service: ServiceName): Promise<string>
}

export async function openSchemaEngine(): Promise<SchemaEngine> {
  await using opening = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'forge-schema-'))
  opening.defer(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o711)
  const cluster = opening.use(await openCluster(folder, openLog('schema-engine', 'error')))

  await instantiate()
  const connections = opening.use(new AsyncDisposableStack())
  const adapter = bindMigrationAwareSqlAdapterFactory(new EngineAdapter(cluster.adminUrl, connections))
  const engine = opening.use(await bindings.SchemaEngine.new({ datamodels: undefined }, () => {}, adapter))

  const open = opening.move()
  return {
    difference: async service => {
      const path = join(prismaFolder(service), 'schema.prisma')
      const result = await engine.diff({
        from: { tag: 'migrations', ...(await migrationList(service)) },
        to: { tag: 'schemaDatamodel', files: [{ path, content: await readFile(path, 'utf8') }] },
        script: true,
        exitCode: true,
        filters: { externalTables: [], externalEnums: [] },
      })
      return result.exitCode === 0 ? '' : (result.stdout ?? '')
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** The package's own entry imports its .wasm as a module, which Node does not do for these bindings. */
async function instantiate(): Promise<void> {
  const require = createRequire(import.meta.url)
  const bytes = await readFile(
    join(dirname(require.resolve('@prisma/schema-engine-wasm/schema_engine_bg')), 'schema_engine_bg.wasm'),
  )
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...bindings } })
  bindings.__wbg_set_wasm(instance.exports)
  ;(instance.exports.__wbindgen_start as () => void)()
}

async function migrationList(service: ServiceName) {
  const baseDir = join(prismaFolder(service), 'migrations')
  const migrations = await readMigrations(baseDir)
  return {
    baseDir,
    lockfile: { path: './migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
    })),
  }
}
