import { Prisma, type PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { MetricPoint } from '../../../schema/values.ts'
import type { Transaction } from '../outbox.ts'
import { type Chunk, chunksOf, extremesOfMerged, mergeableBelow } from './chunk.ts'
import { pointAt, pointBytes } from './points.ts'
import type { Metrics } from './ports.ts'
import type { PackedSeries } from './series.ts'

export function metricStore(database: PrismaClient): Metrics {
  return {
    // The length of a column is known without reading it, so what is not chosen is never read from the disk.
    series: (jobId, names, enough) => database.$queryRaw<PackedSeries[]>`
      SELECT name, string_agg(CASE WHEN thinned >= ${enough * pointBytes} THEN coalesce(extremes, points) ELSE points END,
        ''::bytea ORDER BY number) AS points
      FROM (
        SELECT *, sum(octet_length(coalesce(extremes, points))) OVER (PARTITION BY name) AS thinned
        FROM metric_chunk WHERE job_id = ${jobId} AND (${names === null} OR name = ANY (${names ?? []}))
      ) AS chunk
      GROUP BY name ORDER BY name`,
    async newest(jobId) {
      const ends = await database.$queryRaw<PackedSeries[]>`
        SELECT DISTINCT ON (name) name, substring(points FROM octet_length(points) - ${pointBytes - 1}) AS points
        FROM metric_chunk WHERE job_id = ${jobId} ORDER BY name, number DESC`
      return ends.map(({ name, points }) => ({ name, ...pointAt(points, 0) }))
    },
  }
}

/**
 * Adds points behind those that are there; a step that is stored already, because its attempt has repeated it or the
 * answer to a write was lost, stays as it is. Whoever calls it has locked the job's row.
 */
export async function appendPoints(tx: Transaction, jobId: string, points: readonly MetricPoint[]): Promise<void> {
  if (points.length === 0) return
  const stored = await lastStoredOf(tx, jobId, [...new Set(points.map(({ name }) => name))])
  const fresh = points.filter(({ name, step }) => step > (stored.get(name) ?? -1))
  if (fresh.length === 0) return
  const chunks = chunksOf(fresh)
  const rows = chunks.map(
    chunk =>
      Prisma.sql`(${jobId}, ${chunk.name}, ${chunk.number}, ${chunk.firstStep}, ${chunk.lastStep}, ${chunk.points})`,
  )
  await tx.$executeRaw`
    INSERT INTO metric_chunk AS stored (job_id, name, number, first_step, last_step, points)
    VALUES ${Prisma.join(rows)}
    ON CONFLICT (job_id, name, number) DO UPDATE
      SET points = stored.points || excluded.points, last_step = excluded.last_step`

  for (const [below, grown] of Map.groupBy(chunks, ({ name, lastStep }) => boundary(stored.get(name), lastStep))) {
    if (below !== null) await mergeChunks(tx, jobId, { names: grown.map(({ name }) => name), below })
  }
}

const boundary = (stored: number | undefined, step: number) => mergeableBelow(stored ?? 0, step)

async function lastStoredOf(tx: Transaction, jobId: string, names: readonly string[]) {
  const rows = await tx.$queryRaw<Pick<Chunk, 'name' | 'lastStep'>[]>`
    SELECT name, last_step AS "lastStep" FROM unnest(${names}::text[]) AS asked (name) CROSS JOIN LATERAL (
      SELECT last_step FROM metric_chunk WHERE job_id = ${jobId} AND name = asked.name ORDER BY number DESC LIMIT 1
    ) AS newest`
  return new Map(rows.map(({ name, lastStep }) => [name, lastStep]))
}

/** Makes one chunk of those that are not merged yet: of the names and below the number given, or of all. */
export async function mergeChunks(
  tx: Transaction,
  jobId: string,
  { names, below }: { readonly names?: readonly string[]; readonly below?: number } = {},
): Promise<void> {
  const small = Prisma.sql`job_id = ${jobId} AND extremes IS NULL AND (${!names} OR name = ANY (${names ?? []}))
    AND (${below === undefined} OR number < ${below ?? 0})`
  const merged = await tx.$queryRaw<Chunk[]>`
    SELECT name, min(number) AS number, min(first_step) AS "firstStep", max(last_step) AS "lastStep",
      string_agg(points, ''::bytea ORDER BY number) AS points
    FROM metric_chunk WHERE ${small} GROUP BY name HAVING count(*) > 1`
  if (merged.length === 0) return
  const done = merged.map(({ name }) => name)
  await tx.$executeRaw`DELETE FROM metric_chunk WHERE ${small} AND name = ANY (${done})`
  await tx.metricChunk.createMany({
    data: merged.map(chunk => ({ ...chunk, jobId, extremes: extremesOfMerged(chunk.points) })),
  })
}

/** The last stored step of each metric. */
export async function lastSteps(tx: Transaction, jobId: string): Promise<Record<string, number>> {
  const groups = await tx.metricChunk.groupBy({ by: ['name'], where: { jobId }, _max: { lastStep: true } })
  return Object.fromEntries(groups.map(({ name, _max }) => [name, _max.lastStep ?? -1]))
}
