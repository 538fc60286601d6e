import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { Histories } from './ports.ts'

export function historyStore({ job, curvePoint }: PrismaClient): Histories {
  return {
    async note({ id, project, ...facts }) {
      await job.upsert({ where: { id }, create: { id, project, ...facts }, update: facts })
    },
    async facts(ids) {
      const rows = await job.findMany({ where: { id: { in: [...ids] } } })
      return rows.map(row => ({ ...row, seed: row.seed === null ? null : Number(row.seed) }))
    },
    async addPoints(points) {
      if (points.length > 0) await curvePoint.createMany({ data: [...points], skipDuplicates: true })
    },
    curves: ids => curvePoint.findMany({ where: { jobId: { in: [...ids] } }, orderBy: { step: 'asc' } }),
  }
}
