import type { PrismaClient } from '../../../prisma/training/generated/client.ts'
import { isFinished } from '../../../schema/values.ts'
import { addCheckpoint, newestCheckpoints } from '../checkpoints/store.ts'
import type { TrainingJob } from '../jobs/job.ts'
import { jobOf } from '../jobs/row.ts'
import { changedColumns } from '../jobs/store.ts'
import { announce, appendOutput } from '../logs/store.ts'
import { appendPoints, lastSteps, mergeChunks } from '../metrics/store.ts'
import { outboxRow, patient, type Transaction } from '../outbox.ts'
import type { Attempt, Verdict } from './attempt.ts'
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
            executor = CASE WHEN executor = ANY (${[...place.executors]}) THEN executor ELSE coalesce(
              (SELECT name FROM unnest(${[...place.executors]}::text[]) AS name
                WHERE 'executor=' || name = ANY (requirements) LIMIT 1), ${place.executor}) END,
            started_at = coalesce(started_at, now()), changed_at = now(), not_before = NULL,
            lease_until = now() + ${leaseMs} * interval '1 ms'
          WHERE id = ${jobId} AND status = 'QUEUED' AND (lease_until IS NULL OR lease_until < now())`
        const row = await tx.job.findUnique({ where: { id: jobId } })
        if (taken === 0 || !row) return row?.status === 'QUEUED' ? 'HELD' : 'GONE'

        const job = jobOf(row)
        const checkpoints = await newestCheckpoints(tx, jobId)
        const recorded = await lastSteps(tx, jobId)
        await announce(tx, job, event(job, checkpoints[0]?.step ?? 0))
        return { attempt: { jobId, number: job.attempts }, job, checkpoints, recorded }
      }),
    renew: async attempt => (await hold(database, attempt, 0))?.status ?? null,
    record: (attempt, step, points, event) =>
      transaction(async tx => {
        const job = await hold(tx, attempt, step)
        if (!job) return null
        await appendPoints(tx, attempt.jobId, points)
        await announce(tx, job, event)
        return job.status
      }),
    print: (attempt, from, lines) =>
      transaction(async tx => {
        const job = await hold(tx, attempt, 0)
        if (!job) return null
        await appendOutput(tx, job, from, lines)
        return job.status
      }),
    addCheckpoint: (attempt, checkpoint, kept, event) =>
      transaction(async tx => {
        const { jobId, number } = attempt
        const job = await hold(tx, attempt, 0)
        if (!job) return { status: null, dropped: await unclaimed(tx, jobId, checkpoint.digest) }
        const { dropped, isNewest } = await addCheckpoint(tx, { ...checkpoint, jobId, attempt: number }, kept)
        // It has come further than before, so what was lost on the way no longer counts.
        if (isNewest) await tx.job.updateMany({ where: { id: jobId, crashes: { gt: 0 } }, data: { crashes: 0 } })
        await announce(tx, job, event)
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
        if (change.status && isFinished(change.status)) await mergeChunks(tx, jobId)
        if (event) await announce(tx, await tx.job.findUniqueOrThrow({ where: { id: jobId } }), event)
        return true
      }),
    giveUp: ({ jobId }, digests, at) =>
      transaction(async tx => {
        const job = await tx.job.findUnique({ where: { id: jobId, status: 'CANCELLED' } })
        if (!job) return
        const { project } = job
        const data = digests.map(digest =>
          outboxRow('weights.dropped', { key: jobId, project, data: { jobId, digest } }, at),
        )
        await tx.outbox.createMany({ data })
      }),
    lose: ({ jobId, number }, verdict) =>
      transaction(async tx => {
        const held = await tx.$queryRaw<Row[]>`
          SELECT id FROM job WHERE id = ${jobId} AND attempts = ${number} AND status = 'RUNNING'
            AND lease_until IS NOT NULL FOR UPDATE`
        return (await lose(tx, held, verdict)).length > 0
      }),
    loseSilent: verdict =>
      transaction(async tx => {
        const silent = await tx.$queryRaw<Row[]>`
          SELECT id FROM job WHERE status = 'RUNNING' AND lease_until < now() FOR UPDATE SKIP LOCKED`
        return lose(tx, silent, verdict)
      }),
    async queuedFor(ms) {
      const changedAt = { lt: new Date(Date.now() - ms) }
      const rows = await database.job.findMany({ where: { status: 'QUEUED', changedAt }, orderBy: { id: 'asc' } })
      return rows.map(jobOf)
    },
  }
}

/**
 * The digest, where the job was cancelled before the checkpoint was listed: nobody will ever list it. Where the job goes on
 * in another attempt, that one may have made the same bytes.
 */
async function unclaimed(tx: Transaction, jobId: string, digest: string): Promise<readonly string[]> {
  const isOver = await tx.job.count({ where: { id: jobId, status: { in: ['CANCELLED', 'COMPLETED'] } } })
  const isListed = await tx.checkpoint.count({ where: { jobId, digest } })
  return isOver && !isListed ? [digest] : []
}

type Row = Pick<TrainingJob, 'id'>

/** Changes jobs, whose rows the transaction has locked, to what the verdict says; answers them as they were. */
async function lose(tx: Transaction, rows: readonly Row[], verdict: (job: TrainingJob) => Verdict) {
  if (rows.length === 0) return []
  const jobs = (await tx.job.findMany({ where: { id: { in: rows.map(({ id }) => id) } } })).map(jobOf)
  for (const job of jobs) {
    const { change, event, lines } = verdict(job)
    const data = { ...changedColumns(change), leaseUntil: null, revision: { increment: 1 } }
    await tx.job.update({ where: { id: job.id }, data })
    await announce(tx, job, event, lines)
  }
  return jobs
}

/** Prolongs the lease of an attempt that has one, and moves the job's step forward; null when it has none. */
async function hold(tx: Transaction, { jobId, number }: Attempt, step: number) {
  const rows = await tx.$queryRaw<Pick<TrainingJob, 'id' | 'project' | 'attempts' | 'status'>[]>`
    UPDATE job SET lease_until = now() + ${leaseMs} * interval '1 ms', step = greatest(step, ${step})
    WHERE id = ${jobId} AND attempts = ${number} AND lease_until IS NOT NULL
      AND status IN ('RUNNING', 'PAUSED', 'QUEUED')
    RETURNING id, project, attempts, status::text`
  return rows[0]
}
