import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { statementNames } from './statement-names.ts'

/** A service's generated client, as far as the kernel knows it. */
interface GeneratedClient {
  $disconnect(): Promise<void>
}

/**
 * Opens a service's own Prisma client on its pool: `openPrisma(PrismaClient, database.pool)`, where PrismaClient comes
 * from `prisma/<service>/generated/client.ts`. Disposing it leaves the pool open: that belongs to the database.
 */
export function openPrisma<Client extends GeneratedClient>(
  Generated: new (options: { adapter: PrismaPg }) => Client,
  pool: pg.Pool,
): Client & AsyncDisposable {
  const client = new Generated({ adapter: new PrismaPg(pool, { statementNameGenerator: statementNames() }) })
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.$disconnect() })
}
