import { Pool } from 'pg'
import type { ServiceName } from '../../kernel/database/folders.ts'
import { scratchDatabase } from './scratch.ts'
import { migratedTemplate } from './template.ts'

/** A service's database, migrated and empty, dropped at the end. */
export async function serviceDatabase(service: ServiceName): Promise<{ url: string; pool: Pool } & AsyncDisposable> {
  const scratch = await scratchDatabase(await migratedTemplate(service))
  const pool = new Pool({ connectionString: scratch.url })
  // Tests cut connections on purpose.
  pool.on('error', () => {})
  return {
    url: scratch.url,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end()
      await scratch[Symbol.asyncDispose]()
    },
  }
}

/** Ends every connection to the database that `pool` is for, as a server does that restarts. */
export const cutConnections = (pool: Pool) =>
  pool
    .query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    )
    .then(() => {})
