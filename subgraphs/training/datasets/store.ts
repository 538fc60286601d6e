import type { PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { DatasetModel } from '../../../prisma/training/generated/models/Dataset.ts'
import { pageQuery } from '../page.ts'
import { type Dataset, everyProject } from './dataset.ts'
import type { Datasets } from './ports.ts'

const foreignKeyViolation = 'P2003'

export function datasetStore({ dataset: table }: PrismaClient): Datasets {
  return {
    async find(id) {
      const row = await table.findUnique({ where: { id } })
      return row && datasetOf(row)
    },
    async resolve(project, ref) {
      const rows = await table.findMany({
        where: { project: { in: [project, everyProject] }, OR: [{ id: ref }, { name: ref }] },
      })
      const own = rows.find(row => row.project === project) ?? rows[0]
      return own ? datasetOf(own) : null
    },
    async list(project, page) {
      const projects = project === everyProject ? undefined : { in: [project, everyProject] }
      return (await table.findMany(pageQuery(page, { project: projects }))).map(datasetOf)
    },
    async add(dataset) {
      const { project, name, idempotencyKey } = dataset
      const { count } = await table.createMany({ data: [dataset], skipDuplicates: true })
      if (count === 1) return dataset
      const key = idempotencyKey === null ? [] : [{ idempotencyKey }]
      const twins = await table.findMany({ where: { project, OR: [...key, { name }] } })
      const twin = twins.find(row => row.idempotencyKey !== null && row.idempotencyKey === idempotencyKey) ?? twins[0]!
      return datasetOf(twin)
    },
    async remove(id) {
      try {
        await table.delete({ where: { id } })
        return true
      } catch (error) {
        if ((error as { code?: string }).code === foreignKeyViolation) return false
        throw error
      }
    },
  }
}

const datasetOf = (row: DatasetModel): Dataset => ({
  ...row,
  sizeBytes: Number(row.sizeBytes),
  characters: Number(row.characters),
})
