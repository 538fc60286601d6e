import { Prisma, type PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { MetricPoint } from '../../../schema/values.ts'
import type { Transaction } from '../outbox.ts'
import type { Metrics } from './ports.ts'
import { chunksOf, type MetricSeries, unpackPoints } from './series.ts'

export function metricStore(database: PrismaClient): Metrics {
  return {
    async series(jobId, names) {
      const chunks = await database.metricChunk.findMany({
        where: { jobId, name: names && { in: [...names] } },
        orderBy: [{ name: 'asc' }, { number: 'asc' }],
      })
      const byName = Map.groupBy(chunks, ({ name }) => name)
      return Array.from(
        byName,
        ([name, parts]): MetricSeries => ({
          name,
          points: parts.flatMap(({ points }) => unpackPoints(points)),
        }),
      )
    },
    async newest(jobId) {
      const chunks = await database.metricChunk.findMany({
        where: { jobId },
        distinct: ['name'],
        orderBy: [{ name: 'asc' }, { number: 'desc' }],
      })
      return chunks.map(({ name, points }) => ({ name, value: unpackPoints(points).at(-1)!.value }))
    },
  }
}

/**
 * Adds points behind those that are there. A chunk that has them already, because its attempt has repeated steps,
 * stays as it is.
 */
export async function appendPoints(tx: Transaction, jobId: string, points: readonly MetricPoint[]): Promise<void> {
  if (points.length === 0) return
  const rows = chunksOf(points).map(
    chunk =>
      Prisma.sql`(${jobId}, ${chunk.name}, ${chunk.number}, ${chunk.firstStep}, ${chunk.lastStep}, ${chunk.points})`,
  )
  await tx.$executeRaw`
    INSERT INTO metric_chunk AS stored (job_id, name, number, first_step, last_step, points)
    VALUES ${Prisma.join(rows)}
    ON CONFLICT (job_id, name, number) DO UPDATE
      SET points = stored.points || excluded.points, last_step = excluded.last_step
      WHERE stored.last_step < excluded.first_step`
}

/** The last stored step of each metric. */
export async function lastSteps(tx: Transaction, jobId: string): Promise<Record<string, number>> {
  const groups = await tx.metricChunk.groupBy({ by: ['name'], where: { jobId }, _max: { lastStep: true } })
  return Object.fromEntries(groups.map(({ name, _max }) => [name, _max.lastStep ?? -1]))
}
