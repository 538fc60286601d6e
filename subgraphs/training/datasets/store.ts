import type { Prisma, PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { DatasetModel } from '../../../prisma/training/generated/models/Dataset.ts'
import { pointAt } from '../metrics/points.ts'
import { outboxRow, patient, type Transaction } from '../outbox.ts'
import { pageQuery } from '../page.ts'
import { type Dataset, everyProject } from './dataset.ts'
import type { Datasets } from './ports.ts'

const foreignKeyViolation = 'P2003'

export function datasetStore(database: PrismaClient): Datasets {
  const { dataset: table, metricChunk: chunks } = database
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
      if (await database.$transaction(tx => addRow(tx, dataset), patient)) return dataset
      const key = idempotencyKey === null ? [] : [{ idempotencyKey }]
      const twins = await table.findMany({ where: { project, OR: [...key, { name }] } })
      const twin = twins.find(row => row.idempotencyKey !== null && row.idempotencyKey === idempotencyKey) ?? twins[0]!
      return datasetOf(twin)
    },
    async tokens(datasetId) {
      const find = (name: string, job: Prisma.JobWhereInput) =>
        chunks.findFirst({ where: { name, number: 0, job }, orderBy: { jobId: 'desc' } })
      const training = await find('training_tokens', { datasetId })
      const validation = training && (await find('validation_tokens', { id: training.jobId }))
      if (!training || !validation) return null
      const [of, kept] = [training, validation].map(({ points }) => pointAt(points, 0).value) as [number, number]
      return { jobId: training.jobId, training: of, validation: kept }
    },
    async drop(dataset) {
      await dropRow(database, dataset)
    },
    async remove(dataset) {
      try {
        await database.$transaction(async tx => {
          await tx.dataset.delete({ where: { id: dataset.id } })
          await dropRow(tx, dataset)
        }, patient)
        return true
      } catch (error) {
        if ((error as { code?: string }).code === foreignKeyViolation) return false
        throw error
      }
    },
  }
}

/** False where its name or its idempotency key is taken. */
export async function addRow(tx: Transaction, dataset: Dataset): Promise<boolean> {
  const { count } = await tx.dataset.createMany({ data: [datasetRow(dataset)], skipDuplicates: true })
  if (count === 0) return false
  await announce(tx, 'dataset.added', dataset)
  return true
}

/** Writes down that a dataset, if there was one, needs its content no more. */
export const dropRow = (tx: Pick<Transaction, 'outbox'>, dataset: Dataset): Promise<void> =>
  announce(tx, 'dataset.dropped', dataset)

async function announce(
  { outbox }: Pick<Transaction, 'outbox'>,
  topic: 'dataset.added' | 'dataset.dropped',
  { id, project, digest }: Dataset,
): Promise<void> {
  await outbox.create({ data: outboxRow(topic, { key: id, project, data: { datasetId: id, digest } }, new Date()) })
}

export const datasetOf = (row: DatasetModel): Dataset => ({
  ...row,
  sizeBytes: Number(row.sizeBytes),
  characters: Number(row.characters),
  documents: Number(row.documents),
  shortestBytes: row.shortestBytes === null ? null : Number(row.shortestBytes),
  longestBytes: row.longestBytes === null ? null : Number(row.longestBytes),
  samples: row.samples as unknown as Dataset['samples'],
  source: row.source as unknown as Dataset['source'],
})

/** A column of JSON that has nothing is left out: null would be a value of it. */
const datasetRow = ({ samples, source, ...dataset }: Dataset) => ({
  ...dataset,
  ...(samples && { samples: samples as unknown as object[] }),
  ...(source && { source: source as object }),
})
