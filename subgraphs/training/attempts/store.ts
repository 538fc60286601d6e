import type { PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { JobStatus } from '../../../schema/values.ts'
import { addCheckpoint, newestCheckpoints } from '../checkpoints/store.ts'
import type { TrainingJob } from '../jobs/job.ts'
import { jobOf } from '../jobs/row.ts'
import { changedColumns } from '../jobs/store.ts'
import { appendPoints, lastSteps } from '../metrics/store.ts'
import { jobRow, patient, type Transaction } from '../outbox.ts'
import type { Attempt } from './attempt.ts'
import { leaseMs } from './attempt.ts'
import type { Attempts } from './ports.ts'

/** Leases are counted by the database's clock: those of the workers may differ. */
export function attemptStore(database: PrismaClient): Attempts {
  const transaction = <T>(work: (tx: Transaction) => Promise<T>) => database.$transaction(work, patient)

  return {
    claim: (jobId, place, event) =>
      transaction(async tx => {
        const taken = await tx.$executeRaw`
          UPDATE job SET status = 'RUNNING', attempts = attempts + 1, revision = revision + 1, node_id = ${place.nodeId},
            executor = CASE WHEN executor = ANY (${[...place.executors]}) THEN executor ELSE ${place.executor} END,
            started_at = coalesce(started_at, now()), changed_at = now(),
            lease_until = now() + ${leaseMs} * interval '1 ms'
          WHERE id = ${jobId} AND status = 'QUEUED' AND (lease_until IS NULL OR lease_until < now())`
        const row = await tx.job.findUnique({ where: { id: jobId } })
        if (taken === 0 || !row) return row?.status === 'QUEUED' ? 'HELD' : 'GONE'

        const job = jobOf(row)
        const checkpoints = await newestCheckpoints(tx, jobId)
        const recorded = await lastSteps(tx, jobId)
        await tx.outbox.create({ data: jobRow(job, event(job, checkpoints[0]?.step ?? 0)) })
        return { attempt: { jobId, number: job.attempts }, job, checkpoints, recorded }
      }),
    renew: async attempt => (await hold(database, attempt, 0))?.status ?? null,
    record: (attempt, step, points, event) =>
      transaction(async tx => {
        const job = await hold(tx, attempt, step)
        if (!job) return null
        await appendPoints(tx, attempt.jobId, points)
        await tx.outbox.create({ data: jobRow(job, event) })
        return job.status
      }),
    addCheckpoint: (attempt, checkpoint, event) =>
      transaction(async tx => {
        const job = await hold(tx, attempt, 0)
        if (!job) return null
        const dropped = await addCheckpoint(tx, { ...checkpoint, jobId: attempt.jobId, attempt: attempt.number })
        await tx.outbox.create({ data: jobRow(job, event) })
        return { status: job.status, dropped }
      }),
    end: ({ jobId, number }, status, change, event) =>
      transaction(async tx => {
        const { count } = await tx.job.updateMany({
          where: { id: jobId, attempts: number, status, leaseUntil: { not: null } },
          data: {
            ...changedColumns(change),
            leaseUntil: null,
            revision: { increment: change.status ? 1 : 0 },
          },
        })
        if (count === 0) return false
        const { id, project } = await tx.job.findUniqueOrThrow({ where: { id: jobId } })
        if (event) await tx.outbox.create({ data: jobRow({ id, project }, event) })
        return true
      }),
    requeueLost: event =>
      transaction(async tx => {
        const lost = await tx.$queryRaw<{ id: string }[]>`
          UPDATE job SET status = 'QUEUED', revision = revision + 1, lease_until = NULL, changed_at = now()
          WHERE status = 'RUNNING' AND lease_until < now() RETURNING id`
        if (lost.length === 0) return []
        const rows = await tx.job.findMany({ where: { id: { in: lost.map(({ id }) => id) } } })
        const jobs = rows.map(jobOf)
        await tx.outbox.createMany({ data: jobs.map(job => jobRow(job, event(job))) })
        return jobs
      }),
    async queuedFor(ms) {
      const changedAt = { lt: new Date(Date.now() - ms) }
      const rows = await database.job.findMany({ where: { status: 'QUEUED', changedAt }, orderBy: { id: 'asc' } })
      return rows.map(jobOf)
    },
  }
}

/** Prolongs the lease of an attempt that has one, and moves the job's step forward; null when it has none. */
async function hold(tx: Transaction, { jobId, number }: Attempt, step: number) {
  const rows = await tx.$queryRaw<(Pick<TrainingJob, 'id' | 'project'> & { status: JobStatus })[]>`
    UPDATE job SET lease_until = now() + ${leaseMs} * interval '1 ms', step = greatest(step, ${step})
    WHERE id = ${jobId} AND attempts = ${number} AND lease_until IS NOT NULL
      AND status IN ('RUNNING', 'PAUSED', 'QUEUED')
    RETURNING id, project, status::text`
  return rows[0]
}
