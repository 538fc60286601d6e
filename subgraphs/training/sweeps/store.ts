import type { Prisma, PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { SweepModel } from '../../../prisma/training/generated/models/Sweep.ts'
import type { TrialModel } from '../../../prisma/training/generated/models/Trial.ts'
import type { EventData } from '../../../schema/events.ts'
import type { TrainingJob } from '../jobs/job.ts'
import { jobOf } from '../jobs/row.ts'
import { changedColumns, newRow } from '../jobs/store.ts'
import { announce } from '../logs/store.ts'
import { outboxRow, patient, type Transaction } from '../outbox.ts'
import { pageQuery } from '../page.ts'
import type { SweepChange, SweepEvent, Sweeps } from './ports.ts'
import type { Shared, Sweep, Trial } from './sweep.ts'

export function sweepStore(database: PrismaClient): Sweeps {
  const { sweep: table } = database
  return {
    async find(id) {
      return (await withTrials(database, await table.findMany({ where: { id } })))[0] ?? null
    },
    async findByIdempotencyKey(project, idempotencyKey) {
      return (await withTrials(database, await table.findMany({ where: { project, idempotencyKey } })))[0] ?? null
    },
    async list(project, page) {
      const rows = await table.findMany(pageQuery(page, { project: project === '*' ? undefined : project }))
      return withTrials(database, rows)
    },
    async ofJob(jobId) {
      return (await database.trial.findUnique({ where: { jobId } }))?.sweepId ?? null
    },
    add: (sweep, event) =>
      database.$transaction(async tx => {
        const { count } = await tx.sweep.createMany({ data: [sweepRow(sweep)], skipDuplicates: true })
        if (count === 0) {
          const { idempotencyKey, shared } = sweep
          const twin = await tx.sweep.findFirstOrThrow({ where: { project: shared.project, idempotencyKey } })
          return (await withTrials(tx, [twin]))[0]!
        }
        await tx.trial.createMany({ data: sweep.trials.map(trial => trialRow(sweep.id, trial)) })
        await tx.outbox.createMany({ data: [eventRow(sweep, event)] })
        return sweep
      }, patient),
    change: (id, decide) =>
      database.$transaction(async tx => {
        const locked = await tx.$queryRaw<unknown[]>`SELECT id FROM sweep WHERE id = ${id} FOR UPDATE`
        if (locked.length === 0) return null
        await tx.$queryRaw`SELECT id FROM job WHERE sweep_id = ${id} ORDER BY id FOR UPDATE`
        const before = await findSweep(tx, id)
        const change = decide(before)
        if (!change) return before
        await write(tx, id, change)
        const after = await findSweep(tx, id)
        await tx.outbox.createMany({ data: change.events(after).map(event => eventRow(after, event)) })
        return after
      }, patient),
  }
}

async function findSweep(tx: Transaction, id: string): Promise<Sweep> {
  return (await withTrials(tx, [await tx.sweep.findUniqueOrThrow({ where: { id } })]))[0]!
}

async function withTrials(tx: Transaction, rows: readonly SweepModel[]): Promise<readonly Sweep[]> {
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return []
  const trials = await tx.trial.findMany({ where: { sweepId: { in: ids } }, orderBy: { number: 'asc' } })
  const jobs = await tx.job.findMany({ where: { sweepId: { in: ids } } })
  const known = new Map(jobs.map(row => [row.id, jobOf(row)]))
  const ofSweep = Map.groupBy(trials, ({ sweepId }) => sweepId)
  return rows.map(row =>
    sweepOf(
      row,
      (ofSweep.get(row.id) ?? []).map(trial => trialOf(trial, known)),
    ),
  )
}

async function write(tx: Transaction, id: string, { sweep, trials = [], begun = [], moved = [] }: SweepChange) {
  if (sweep) {
    const { error, ...columns } = sweep
    const failure = error ? { errorCode: error.code, errorMessage: error.message } : {}
    await tx.sweep.update({ where: { id }, data: { ...columns, ...failure } })
  }
  for (const { trial, job, event } of begun) {
    await tx.job.createMany({ data: [newRow(job)] })
    await tx.trial.update({ where: { sweepId_number: { sweepId: id, number: trial.number } }, data: { jobId: job.id } })
    await announce(tx, job, event)
  }
  for (const { job, change, event } of moved) {
    await tx.job.update({ where: { id: job.id }, data: { ...changedColumns(change), revision: { increment: 1 } } })
    await announce(tx, job, event)
  }
  for (const { number, rung, losses, completion } of trials) {
    const json = (completion ?? undefined) as Prisma.InputJsonValue | undefined
    const where = { sweepId_number: { sweepId: id, number } }
    await tx.trial.update({ where, data: { rung, losses: [...losses], completion: json } })
  }
}

const eventRow = ({ id, shared: { project } }: Sweep, { topic, data }: SweepEvent) =>
  outboxRow(topic, { key: id, project, data }, new Date())

function sweepRow({ shared, plan, trials: _rows, error: _none, ...sweep }: Sweep): Prisma.SweepCreateManyInput {
  const { project, modelName, datasetId, datasetFingerprint, ...needs } = shared
  return {
    ...sweep,
    project,
    modelName,
    datasetId,
    datasetFingerprint,
    plan: plan as unknown as Prisma.InputJsonValue,
    shared: needs as unknown as Prisma.InputJsonValue,
  }
}

function sweepOf(row: SweepModel, trials: readonly Trial[]): Sweep {
  const { id, status, parallel, best, errorCode, errorMessage, idempotencyKey, createdAt, finishedAt } = row
  const { project, modelName, datasetId, datasetFingerprint, plan, shared } = row
  return {
    id,
    status: status as Sweep['status'],
    plan: plan as unknown as Sweep['plan'],
    shared: { ...(shared as unknown as Shared), project, modelName, datasetId, datasetFingerprint },
    parallel,
    trials,
    best,
    error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
    idempotencyKey,
    createdAt,
    finishedAt,
  }
}

const trialRow = (sweepId: string, { number, parameters, preset, config }: Trial): Prisma.TrialCreateManyInput => ({
  sweepId,
  number,
  parameters: parameters as Prisma.InputJsonObject,
  preset,
  config: config as unknown as Prisma.InputJsonValue,
})

const trialOf = (row: TrialModel, jobs: ReadonlyMap<string, TrainingJob>): Trial => ({
  number: row.number,
  parameters: row.parameters as unknown as Trial['parameters'],
  preset: row.preset as Trial['preset'],
  config: row.config as unknown as Trial['config'],
  job: row.jobId === null ? null : (jobs.get(row.jobId) ?? null),
  rung: row.rung,
  losses: row.losses,
  completion: row.completion as EventData<'job.completed'> | null,
})
