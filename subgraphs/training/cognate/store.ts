import type { PrismaClient } from '../../../prisma/training/generated/client.ts'
import { outboxRow } from '../outbox.ts'
import type { Rejections } from './ports.ts'

export function rejectionStore({ outbox: table }: PrismaClient): Rejections {
  return {
    async reject({ project, ...data }) {
      const row = outboxRow('step.rejected', { key: data.runId, project, data }, new Date())
      // One id for one step: the outbox and the event log pass over the second.
      const id = `evt_rejected_${data.runId}_${data.stepName}`
      await table.createMany({ data: [{ ...row, id }], skipDuplicates: true })
    },
  }
}
