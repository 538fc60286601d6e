import DataLoader from 'dataloader'
import type { PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { TrainingJob } from '../jobs/job.ts'
import { jobOf } from '../jobs/row.ts'
import type { Groups } from './ports.ts'

export function groupStore({ job: table }: PrismaClient): Groups {
  const members = new DataLoader<string, readonly TrainingJob[]>(
    async ids => {
      const rows = await table.findMany({ where: { groupId: { in: [...ids] } }, orderBy: { id: 'asc' } })
      return ids.map(id => rows.filter(({ groupId }) => groupId === id).map(jobOf))
    },
    { cache: false },
  )
  const controls = new DataLoader<string, TrainingJob | null>(
    async ids => {
      const rows = await table.findMany({ where: { controlOf: { in: [...ids] } } })
      return ids.map(id => rows.filter(({ controlOf }) => controlOf === id).map(jobOf)[0] ?? null)
    },
    { cache: false },
  )
  return { members: id => members.load(id), controlOf: id => controls.load(id) }
}
