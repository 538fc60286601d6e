import { Prisma, type PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { Line } from './ports.ts'
import { ageMs, type Candidate, fairShare } from './turn.ts'

/** A machine looks so far down the line. */
const looked = 100

export function lineStore(database: PrismaClient): Line {
  return {
    async suitable({ labels, total }) {
      const rows = await database.$queryRaw<(Omit<Candidate, 'memoryBytes'> & { memoryBytes: bigint })[]>`
        ${ordered(Prisma.sql`(not_before IS NULL OR not_before <= now()) AND (lease_until IS NULL OR lease_until < now())
          AND requirements <@ ${[...labels]}::text[] AND slots <= ${total.slots} AND memory_bytes <= ${total.memoryBytes}`)}
        SELECT id, slots, memory_bytes AS "memoryBytes", waited::float AS "waitedMs" FROM line ORDER BY turn, id LIMIT ${looked}`
      return rows.map(row => ({ ...row, memoryBytes: Number(row.memoryBytes) }))
    },
    waiting: limit => database.$queryRaw<{ id: string; project: string }[]>`
      ${ordered(Prisma.sql`true`)} SELECT id, project FROM line ORDER BY turn, id LIMIT ${limit}`,
  }
}

/** `line`: the queued jobs that pass, each with its turn (scheduling/turn.ts has the formula). */
const ordered = (passes: Prisma.Sql) => Prisma.sql`
  WITH used AS (SELECT project, sum(slots) AS slots FROM job WHERE status = 'RUNNING' GROUP BY project),
  queued AS (
    SELECT id, project, slots, memory_bytes, extract(epoch FROM now() - queued_at) * 1000 AS waited,
      priority - extract(epoch FROM now() - queued_at) * 1000 / ${ageMs}::int AS aged
    FROM job WHERE status = 'QUEUED' AND ${passes}),
  line AS (
    SELECT queued.*, aged + ${fairShare}::int * (coalesce(used.slots, 0)
      + row_number() OVER (PARTITION BY project ORDER BY aged, id) - 1) AS turn
    FROM queued LEFT JOIN used USING (project))`
