import type { PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { DatasetImportModel } from '../../../prisma/training/generated/models/DatasetImport.ts'
import { addRow, datasetOf, dropRow } from '../datasets/store.ts'
import { patient } from '../outbox.ts'
import { pageQuery } from '../page.ts'
import type { DatasetImport } from './import.ts'
import type { Imports } from './ports.ts'
import type { ImportSource } from './source.ts'

export function importStore(database: PrismaClient): Imports {
  const { datasetImport: table } = database
  return {
    async find(id) {
      const row = await table.findUnique({ where: { id } })
      return row && importOf(row)
    },
    async list(project, status, page) {
      const where = {
        project: project === '*' ? undefined : project,
        status: status ? { in: [...status] } : undefined,
      }
      return (await table.findMany(pageQuery(page, where))).map(importOf)
    },
    add: ({ error: _none, ...added }) =>
      database.$transaction(async tx => {
        // Two that make a dataset of one name come one after the other.
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`import:${added.project}:${added.name}`}, 0))`
        const { project, name, idempotencyKey } = added
        const key = idempotencyKey === null ? [] : [{ project, idempotencyKey }]
        const twins = await tx.datasetImport.findMany({
          where: { OR: [...key, { project, name, status: 'IMPORTING' }] },
        })
        const twin = twins.find(row => row.idempotencyKey !== null && row.idempotencyKey === idempotencyKey) ?? twins[0]
        if (twin) return importOf(twin)
        const data = { ...added, source: added.source as object, notes: [...added.notes] }
        return importOf(await tx.datasetImport.create({ data }))
      }, patient),
    async waiting() {
      const rows = await table.findMany({ where: { status: 'IMPORTING' }, orderBy: { id: 'asc' }, take: 1_000 })
      return rows.map(importOf)
    },
    async progress(id, { progress, bytesRead, documents }) {
      const data = { progress, bytesRead, documents }
      const { count } = await table.updateMany({ where: { id, status: 'IMPORTING' }, data })
      return count === 1
    },
    complete: (id, dataset, notes, at) =>
      database.$transaction(async tx => {
        const { project, name, documents } = dataset
        const { count } = await tx.datasetImport.updateMany({
          where: { id, status: 'IMPORTING' },
          data: { progress: 1, documents, notes: [...notes], finishedAt: at },
        })
        const isAdded = count === 1 && (await addRow(tx, dataset))
        if (!isAdded) await dropRow(tx, dataset)
        if (count === 0) return null
        const stored = await tx.dataset.findUniqueOrThrow({ where: { project_name: { project, name } } })
        if (stored.digest === dataset.digest) {
          await tx.datasetImport.update({ where: { id }, data: { status: 'READY', datasetId: stored.id } })
        }
        return datasetOf(stored)
      }, patient),
    async end(id, status, error, at) {
      const data = { status, finishedAt: at, errorCode: error?.code, errorMessage: error?.message }
      const { count } = await table.updateMany({ where: { id, status: 'IMPORTING' }, data })
      return count === 1
    },
    async crashed(id) {
      const { crashes } = await table.update({ where: { id }, data: { crashes: { increment: 1 } } })
      return crashes
    },
  }
}

const importOf = ({ errorCode, errorMessage, ...row }: DatasetImportModel): DatasetImport => ({
  ...row,
  source: row.source as unknown as ImportSource,
  bytesRead: Number(row.bytesRead),
  documents: Number(row.documents),
  error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
})
