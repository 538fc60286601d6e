import { expect, it } from 'vitest'
import { openPrisma } from '../../../kernel/database/prisma.ts'
import { statementNames } from '../../../kernel/database/statement-names.ts'
import { PrismaClient } from '../../../prisma/monitoring/generated/client.ts'
import { serviceDatabase } from '../../support/service-database.ts'

it('has PostgreSQL plan a statement once a connection, whatever its values', async () => {
  await using database = await serviceDatabase('monitoring')
  await using db = openPrisma(PrismaClient, database.pool)
  for (const id of ['a', 'b', 'c']) await db.outbox.findUnique({ where: { id } })

  const prepared = await database.pool.query(
    "SELECT generic_plans + custom_plans AS runs FROM pg_prepared_statements WHERE statement LIKE '%outbox%'",
  )
  // One after the other they all went over the one connection that there is.
  expect(prepared.rows.map(({ runs }) => Number(runs))).toEqual([3])
})

it('gives no name to more statements than a connection should keep', () => {
  const nameOf = statementNames()
  const names = Array.from({ length: 1_000 }, (_, n) => nameOf({ sql: `SELECT ${n}` }))
  expect(new Set(names.filter(Boolean)).size).toBe(300)
  expect(names.lastIndexOf(names[0]!)).toBe(0)
  expect(nameOf({ sql: 'SELECT 7' })).toBe(names[7])
  expect(nameOf({ sql: 'SELECT 999' })).toBe('')
})
