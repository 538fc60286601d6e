import DataLoader from 'dataloader'
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
import type { Shared, Sweep, SweepHead, Tally, Trial } from './sweep.ts'

export function sweepStore(database: PrismaClient): Sweeps {
  const { sweep: table } = database
  const ofEach = <T>(read: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>) =>
    new DataLoader<string, T | undefined>(
      async ids => {
        const found = await read(ids)
        return ids.map(id => found.get(id))
      },
      { cache: false },
    )
  const trials = ofEach(ids => readTrials(database, { sweepId: { in: [...ids] } }))
  const tallies = ofEach(ids => readTallies(database, ids))
  const leaders = ofEach(ids => readLeaders(database, ids))
  return {
    async find(id) {
      const row = await table.findUnique({ where: { id } })
      return row && headOf(row)
    },
    async list(project, page) {
      const rows = await table.findMany(pageQuery(page, { project: project === '*' ? undefined : project }))
      return rows.map(headOf)
    },
    trials: async id => (await trials.load(id)) ?? [],
    tallies: async id => (await tallies.load(id)) ?? [],
    leader: async id => (await leaders.load(id))?.[0] ?? null,
    async ofJob(jobId) {
      return (await database.trial.findUnique({ where: { jobId } }))?.sweepId ?? null
    },
    add: (sweep, event) =>
      database.$transaction(async tx => {
        const { count } = await tx.sweep.createMany({ data: [sweepRow(sweep)], skipDuplicates: true })
        if (count === 0) {
          const { idempotencyKey, shared } = sweep
          const twin = await tx.sweep.findFirstOrThrow({ where: { project: shared.project, idempotencyKey } })
          return withTrials(tx, twin)
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
  const row = await tx.sweep.findUniqueOrThrow({ where: { id } })
  return withTrials(tx, row)
}

async function withTrials(tx: Transaction, row: SweepModel): Promise<Sweep> {
  const trials = await readTrials(tx, { sweepId: row.id })
  return { ...headOf(row), trials: trials.get(row.id) ?? [] }
}

/** By their sweeps, and in each by number. */
async function readTrials(
  tx: Transaction,
  where: Prisma.TrialWhereInput,
): Promise<ReadonlyMap<string, readonly Trial[]>> {
  const rows = await tx.trial.findMany({ where, orderBy: { number: 'asc' } })
  const ids = rows.flatMap(({ jobId }) => jobId ?? [])
  const jobs = await tx.job.findMany({ where: { id: { in: ids } } })
  const known = new Map(jobs.map(row => [row.id, jobOf(row)]))
  const ofSweep = Map.groupBy(rows, ({ sweepId }) => sweepId)
  return new Map(Array.from(ofSweep, ([id, own]) => [id, own.map(row => trialOf(row, known))]))
}

async function readTallies(tx: Transaction, ids: readonly string[]): Promise<ReadonlyMap<string, readonly Tally[]>> {
  const rows = await tx.$queryRaw<(Tally & { sweepId: string })[]>`
    SELECT trial.sweep_id AS "sweepId", trial.rung, job.status::text, count(*)::int AS trials,
      coalesce(sum(job.step), 0)::int AS steps
    FROM trial LEFT JOIN job ON job.id = trial.job_id WHERE trial.sweep_id = ANY (${[...ids]})
    GROUP BY trial.sweep_id, trial.rung, job.status`
  return Map.groupBy(rows, ({ sweepId }) => sweepId)
}

/** The order is that of `ranked`. */
async function readLeaders(tx: Transaction, ids: readonly string[]): Promise<ReadonlyMap<string, readonly Trial[]>> {
  const leaders = await tx.$queryRaw<{ sweepId: string; number: number }[]>`
    SELECT DISTINCT ON (sweep.id) sweep.id AS "sweepId", trial.number
    FROM sweep JOIN trial ON trial.sweep_id = sweep.id
    WHERE sweep.id = ANY (${[...ids]}) AND cardinality(trial.losses) > 0
    ORDER BY sweep.id, trial.number = sweep.best DESC NULLS LAST, cardinality(trial.losses) DESC,
      trial.losses[cardinality(trial.losses)], trial.number`
  return readTrials(tx, { OR: leaders })
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

function headOf(row: SweepModel): SweepHead {
  const { id, status, parallel, best, errorCode, errorMessage, idempotencyKey, createdAt, finishedAt } = row
  const { project, modelName, datasetId, datasetFingerprint, plan, shared } = row
  return {
    id,
    status: status as SweepHead['status'],
    plan: plan as unknown as SweepHead['plan'],
    shared: { ...(shared as unknown as Shared), project, modelName, datasetId, datasetFingerprint },
    parallel,
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
