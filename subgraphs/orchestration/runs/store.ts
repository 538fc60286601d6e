import { createOutbox } from '../../../kernel/outbox.ts'
import { Prisma, type PrismaClient } from '../../../prisma/orchestration/generated/client.ts'
import type { PipelineRunModel } from '../../../prisma/orchestration/generated/models.ts'
import { type EventData, eventData, type Topic } from '../../../schema/events.ts'
import type { JobStatus } from '../../../schema/values.ts'
import { pageQuery, projectQuery } from '../page.ts'
import { patient } from '../transaction.ts'
import type { RunChange, RunEvent, Runs } from './ports.ts'
import type { Run, RunRequest, Step } from './run.ts'

export const runStore = (db: PrismaClient): Runs => ({
  async find(id) {
    // Prisma makes one statement of the `findUnique` calls of one tick: a batch of references costs as much as one.
    const row = await db.pipelineRun.findUnique({ where: { id } })
    return row && runOf(row)
  },

  async list(project, page) {
    const { id, ...query } = pageQuery(page)
    const rows = await db.pipelineRun.findMany({ where: { project: projectQuery(project), id }, ...query })
    return rows.map(runOf)
  },

  async findByJob(jobId) {
    const row = await db.pipelineRun.findFirst({ where: { steps: { array_contains: [{ jobId }] } } })
    return row && runOf(row)
  },

  async add({ run, events, audit }) {
    const { project, idempotencyKey } = run
    try {
      await db.$transaction([
        db.pipelineRun.create({ data: { id: run.id, ...rowOf(run) } }),
        db.outbox.createMany({ data: outboxRows(run, events) }),
        ...(audit ? [db.auditEntry.create({ data: audit })] : []),
      ])
      return run
    } catch (error) {
      if (idempotencyKey === null || !isTaken(error)) throw error
      const row = await db.pipelineRun.findUniqueOrThrow({
        where: { project_idempotencyKey: { project, idempotencyKey } },
      })
      return runOf(row)
    }
  },

  change: (id, change) =>
    db.$transaction(async tx => {
      await tx.$queryRaw`SELECT id FROM pipeline_run WHERE id = ${id} FOR UPDATE`
      const row = await tx.pipelineRun.findUnique({ where: { id } })
      if (!row) return null
      const before = runOf(row)
      const changed: RunChange | null = change(before)
      if (!changed) return before
      await tx.pipelineRun.update({ where: { id }, data: rowOf(changed.run) })
      await tx.outbox.createMany({ data: outboxRows(changed.run, changed.events) })
      if (changed.audit) await tx.auditEntry.create({ data: changed.audit })
      return changed.run
    }, patient),
})

const isTaken = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'

const outboxRow = createOutbox<{ [T in Topic]: EventData<T> }>(eventData)

const outboxRows = ({ id, project, announcedAt }: Run, events: readonly RunEvent[]) =>
  events.map(({ topic, data }) => outboxRow(topic, { key: id, project, data }, announcedAt))

const rowOf = ({ id: _, request, steps, ...run }: Run) => ({
  ...run,
  pipeline: request.pipeline,
  request: request as unknown as Prisma.InputJsonObject,
  steps: steps as unknown as Prisma.InputJsonArray,
})

const runOf = ({ pipeline: _, request, steps, status, ...row }: PipelineRunModel): Run => ({
  ...row,
  status: status as JobStatus,
  request: request as unknown as RunRequest,
  steps: steps as unknown as Step[],
})
