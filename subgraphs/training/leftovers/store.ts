import { Prisma, type PrismaClient } from '../../../prisma/training/generated/client.ts'
import { isFinished } from '../../../schema/values.ts'
import { keptByDefault } from '../checkpoints/checkpoint.ts'
import { newestCheckpoints } from '../checkpoints/store.ts'
import { outboxRow, patient } from '../outbox.ts'
import type { Leftovers, LostWeights } from './ports.ts'
import { spent } from './spent.ts'

/** Of one look. */
const most = 100

/** Of a job joined with its sweep and its trial: whether what it makes becomes a version, or may yet. */
const registers = Prisma.sql`
  job.rerun_of IS NULL AND (job.sweep_id IS NULL OR sweep.finished_at IS NULL OR trial.number IS NOT DISTINCT FROM sweep.best)`
const withSweep = Prisma.sql`
  job LEFT JOIN sweep ON sweep.id = job.sweep_id LEFT JOIN trial ON trial.job_id = job.id`

export function leftoverStore(database: PrismaClient): Leftovers {
  return {
    async checkpointed(before) {
      // Those of which `spent` has some.
      const rows = await database.$queryRaw<{ id: string }[]>`
        SELECT job.id FROM ${withSweep} JOIN checkpoint ON checkpoint.job_id = job.id
        WHERE job.status IN ('COMPLETED', 'FAILED', 'CANCELLED')
          AND (sweep.finished_at IS NOT NULL OR job.finished_at < ${before})
        GROUP BY job.id, sweep.id HAVING job.status <> 'FAILED' OR sweep.finished_at IS NOT NULL
          OR count(*) > coalesce((job.config->>'keepLast')::int, ${keptByDefault.last})
        ORDER BY job.id LIMIT ${most}`
      return rows.map(({ id }) => id)
    },
    dropCheckpoints: (jobId, remove) =>
      database.$transaction(async tx => {
        await tx.$queryRaw`SELECT id FROM job WHERE id = ${jobId} FOR UPDATE`
        const job = await tx.job.findUnique({ where: { id: jobId } })
        if (!job || !isFinished(job.status)) return
        const sweep = job.sweepId === null ? null : await tx.sweep.findUnique({ where: { id: job.sweepId } })
        const dropped = spent(job, sweep?.finishedAt != null, await newestCheckpoints(tx, jobId))
        // First the bytes: what is interrupted is done again, and no bytes stay that nothing names.
        for (const { digest } of dropped) await remove(digest)
        await tx.checkpoint.deleteMany({ where: { id: { in: dropped.map(({ id }) => id) } } })
      }, patient),
    weights: () => database.$queryRaw<LostWeights[]>`
      SELECT job.id AS "jobId", job.project, job.weights_digest AS digest FROM ${withSweep}
      WHERE job.weights_digest IS NOT NULL AND NOT job.weights_dropped AND NOT (${registers})
      ORDER BY job.id LIMIT ${most}`,
    async dropWeights({ jobId, project, digest }) {
      const event = outboxRow('weights.dropped', { key: jobId, project, data: { jobId, digest } }, new Date())
      await database.$transaction([
        database.job.update({ where: { id: jobId }, data: { weightsDropped: true } }),
        database.outbox.create({ data: event }),
      ])
    },
  }
}
