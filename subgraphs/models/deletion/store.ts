import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { DeletionModel } from '../../../prisma/models/generated/models/Deletion.ts'
import { lockModel } from '../aliases/store.ts'
import { between, paged } from '../registry/store.ts'
import type { Deletion, DeletionStatus } from './deletion.ts'
import type { Deletions } from './ports.ts'

export function deletionStore(database: PrismaClient): Deletions {
  return {
    async measure(versionIds) {
      const [row] = await database.$queryRaw<{ files: bigint; freed: bigint }[]>`
        SELECT count(*) AS files,
          (SELECT coalesce(sum(size_bytes), 0) FROM (
            SELECT DISTINCT digest, size_bytes FROM file own WHERE version_id = ANY (${[...versionIds]})
              AND NOT EXISTS (SELECT FROM file other WHERE other.digest = own.digest
                AND other.version_id <> ALL (${[...versionIds]}))) AS alone)::bigint AS freed
        FROM file WHERE version_id = ANY (${[...versionIds]})`
      return { files: Number(row!.files), freedBytes: Number(row!.freed) }
    },
    create: (deletion, versionIds, events) =>
      database
        .$transaction(async transaction => {
          const where = { id: { in: [...versionIds] }, deletedAt: null }
          const rows = await transaction.version.findMany({ where, select: { modelId: true } })
          for (const modelId of [...new Set(rows.map(row => row.modelId))].sort()) await lockModel(transaction, modelId)
          const aliased = await transaction.alias.count({ where: { versionId: where.id } })
          const data = { deletedAt: deletion.requestedAt, deletionId: deletion.id }
          const { count } = await transaction.version.updateMany({ where, data })
          if (aliased > 0 || count !== versionIds.length) throw new Changed()
          await transaction.deletion.create({ data: { ...deletion, refs: [...deletion.refs] } })
          await transaction.outbox.createMany({ data: [...events] })
          return true
        })
        .catch(error => {
          if (error instanceof Changed) return false
          throw error
        }),
    undo: (id, at, announce) =>
      database.$transaction(async transaction => {
        const where = { id, status: 'PENDING' }
        const { count } = await transaction.deletion.updateMany({ where, data: { status: 'UNDONE', settledAt: at } })
        if (count === 0) return null
        const versions = await transaction.version.findMany({ where: { deletionId: id }, select: { id: true } })
        const data = { deletedAt: null, deletionId: null }
        await transaction.version.updateMany({ where: { deletionId: id }, data })
        await transaction.outbox.createMany({ data: versions.map(version => announce(version.id)) })
        return toDeletion(await transaction.deletion.findUniqueOrThrow({ where: { id } }))
      }),
    async find(id) {
      const row = await database.deletion.findUnique({ where: { id } })
      return row && toDeletion(row)
    },
    async list(project, page) {
      const rows = await database.deletion.findMany({ where: { project, id: between(page) }, ...paged(page) })
      return rows.map(toDeletion)
    },
  }
}

/** Takes the transaction back: what was previewed is no longer so. */
class Changed extends Error {}

export const toDeletion = (row: DeletionModel): Deletion => ({ ...row, status: row.status as DeletionStatus })
