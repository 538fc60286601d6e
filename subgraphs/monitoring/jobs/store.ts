import type { PrismaClient } from '../../../prisma/monitoring/generated/client.ts'
import type { Jobs } from './ports.ts'

export const jobStore = ({ jobProgress }: PrismaClient): Jobs => ({
  async apply({ id, ...news }) {
    const first = { status: 'QUEUED', step: 0, totalSteps: 0, ...news } as const
    await jobProgress.upsert({ where: { id }, create: { id, ...first }, update: news })
  },
  byId: (ids, project) => jobProgress.findMany({ where: { id: { in: [...ids] }, ...visibleTo(project) } }),
  runningOn: (nodeIds, project) =>
    jobProgress.findMany({
      where: { nodeId: { in: [...nodeIds] }, status: 'RUNNING', ...visibleTo(project) },
      orderBy: { id: 'asc' },
    }),
})

const visibleTo = (project: string) => (project === '*' ? {} : { project })
