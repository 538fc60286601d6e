import type { Prisma, PrismaClient } from '../../../prisma/training/generated/client.ts'
import { isFinished, jobStatuses } from '../../../schema/values.ts'
import { announce } from '../logs/store.ts'
import { patient, type Transaction } from '../outbox.ts'
import { pageQuery } from '../page.ts'
import type { TrainingJob } from './job.ts'
import type { JobChange, JobFilter, Jobs } from './ports.ts'
import { jobOf } from './row.ts'

export function jobStore(database: PrismaClient): Jobs {
  const { job: table } = database

  /** On the transaction's own connection: those that wait here may hold all the others of the pool. */
  const findTwin = ({ job }: Transaction, { project, idempotencyKey, runId, stepName }: TrainingJob) => {
    if (idempotencyKey !== null)
      return job.findUnique({ where: { project_idempotencyKey: { project, idempotencyKey } } })
    if (runId !== null && stepName !== null) return job.findUnique({ where: { runId_stepName: { runId, stepName } } })
    return null
  }

  return {
    async find(id) {
      const row = await table.findUnique({ where: { id } })
      return row && jobOf(row)
    },
    async findByIdempotencyKey(project, idempotencyKey) {
      const row = await table.findUnique({ where: { project_idempotencyKey: { project, idempotencyKey } } })
      return row && jobOf(row)
    },
    async list(project, filter, page) {
      return (await table.findMany(pageQuery(page, whereOf(project, filter)))).map(jobOf)
    },
    add: (job, event) =>
      database.$transaction(async tx => {
        // A second request with the same key waits here for the first, and then finds what it made.
        const { count } = await tx.job.createMany({ data: [newRow(job)], skipDuplicates: true })
        if (count === 1) await announce(tx, job, event)
        return count === 1 ? job : jobOf((await findTwin(tx, job))!)
      }, patient),
    transition: (job, change, event) =>
      database.$transaction(async tx => {
        const { count } = await tx.job.updateMany({
          where: { id: job.id, revision: job.revision },
          data: { ...changedColumns(change), revision: { increment: 1 } },
        })
        if (count === 0) return null
        const row = await tx.job.findUniqueOrThrow({ where: { id: job.id } })
        await announce(tx, { ...job, isHeld: row.leaseUntil !== null }, event)
        return jobOf(row)
      }, patient),
    async prioritize(id, priority) {
      const status = { notIn: jobStatuses.filter(isFinished) }
      const [row] = await table.updateManyAndReturn({ where: { id, status }, data: { priority } })
      return row ? jobOf(row) : null
    },
    async ofRun(runId) {
      return (await table.findMany({ where: { runId } })).map(jobOf)
    },
  }
}

/** The columns of a change. */
export function changedColumns({ error, report, ...change }: JobChange) {
  const failure = error === undefined ? {} : { errorCode: error?.code ?? null, errorMessage: error?.message ?? null }
  return { ...change, ...failure, report: report as Prisma.InputJsonValue | undefined, changedAt: new Date() }
}

function whereOf(project: string, { status, phase, modelName, runId, label }: JobFilter): Prisma.JobWhereInput {
  return {
    project: project === '*' ? undefined : project,
    status: status ? { in: [...status] } : undefined,
    phase: phase ? { in: [...phase] } : undefined,
    modelName: modelName ?? undefined,
    runId: runId ?? undefined,
    labels: label == null ? undefined : { has: label },
  }
}

export function newRow({ error: _none, report: _nothing, config, ...job }: TrainingJob): Prisma.JobCreateManyInput {
  const lists = { labels: [...job.labels], requirements: [...job.requirements] }
  return { ...job, ...lists, config: config as Prisma.InputJsonValue }
}
