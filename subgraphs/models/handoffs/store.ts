import { newId } from '../../../kernel/ids.ts'
import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { HandoffModel } from '../../../prisma/models/generated/models/Handoff.ts'
import { between, paged } from '../registry/store.ts'
import type { Handoff, HandoffStatus, Step } from './handoff.ts'
import type { Handoffs } from './ports.ts'

export function handoffStore({ handoff }: PrismaClient): Handoffs {
  const place = ({ runId, stepName }: Step) => ({ runId_stepName: { runId, stepName } })
  return {
    async offer(step, versionId, offeredAt) {
      const found = await handoff.findUnique({ where: place(step) })
      if (found?.versionId === versionId) return
      const data = { versionId, status: 'OFFERED', reason: null, takenById: null, offeredAt, settledAt: null }
      await handoff.upsert({ where: place(step), create: { id: newId('handoff'), ...step, ...data }, update: data })
    },
    async accept(versionIds, takenById, settledAt) {
      const where = { versionId: { in: [...versionIds] }, status: { in: ['OFFERED', 'REJECTED'] } }
      await handoff.updateMany({ where, data: { status: 'ACCEPTED', takenById, settledAt, reason: null } })
    },
    async fail(step, reason, at) {
      const data = { id: newId('handoff'), ...step, status: 'REJECTED', reason, offeredAt: at, settledAt: at }
      await handoff.createMany({ data: [data], skipDuplicates: true })
      const where = { runId: step.runId, stepName: step.stepName, versionId: null }
      await handoff.updateMany({ where, data: { reason, settledAt: at } })
    },
    async close(runId, reason, settledAt) {
      await handoff.updateMany({ where: { runId, status: 'OFFERED' }, data: { status: 'REJECTED', reason, settledAt } })
    },
    async list({ project, runId, status }, page) {
      const where = { project, runId, status, id: between(page) }
      return (await handoff.findMany({ where, ...paged(page) })).map(toHandoff)
    },
    async ofVersions(versionIds) {
      const where = { versionId: { in: [...versionIds] } }
      return (await handoff.findMany({ where, orderBy: { id: 'asc' } })).map(toHandoff)
    },
  }
}

const toHandoff = (row: HandoffModel): Handoff => ({ ...row, status: row.status as HandoffStatus })
