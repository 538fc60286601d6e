import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import { toDeletion } from '../deletion/store.ts'
import { lockDigest } from './holding.ts'
import type { Inventory, Purges } from './ports.ts'

export function purgeStore(database: PrismaClient): Purges {
  const { deletion, orphan, file, datasetContent, heldFile } = database
  return {
    begin: (id, announce) =>
      database.$transaction(async transaction => {
        const where = { id, status: 'PENDING' }
        const { count } = await transaction.deletion.updateMany({ where, data: { status: 'PURGING' } })
        if (count === 0) return null
        const rows = await transaction.version.findMany({
          where: { deletionId: id },
          include: { files: true, model: { select: { name: true } } },
          orderBy: { id: 'asc' },
        })
        const versionId = { in: rows.map(row => row.id) }
        const digests = [...new Set(rows.flatMap(row => row.files.map(({ digest }) => digest)))].sort()
        const inventory: Inventory = {
          versions: rows.map(row => ({ id: row.id, ref: `${row.model.name}/${row.number}`, digest: row.digest })),
          digests,
        }
        await transaction.file.deleteMany({ where: { versionId } })
        await transaction.version.deleteMany({ where: { id: versionId } })
        await transaction.orphan.createMany({ data: digests.map(digest => ({ digest })), skipDuplicates: true })
        await transaction.outbox.createMany({ data: rows.map(row => announce(row.id)) })
        return toDeletion(
          await transaction.deletion.update({ where: { id }, data: { proof: JSON.stringify(inventory) } }),
        )
      }),
    async due(now) {
      const where = { OR: [{ status: 'PENDING', purgeAfter: { lte: now } }, { status: 'PURGING' }] }
      return (await deletion.findMany({ where, orderBy: { id: 'asc' }, take: 100 })).map(toDeletion)
    },
    orphans: async () => (await orphan.findMany({ orderBy: { since: 'asc' }, take: 1000 })).map(({ digest }) => digest),
    async hold(jobId, digests) {
      await heldFile.createMany({ data: digests.map(digest => ({ jobId, digest })), skipDuplicates: true })
    },
    release: (jobId, digests) =>
      database.$transaction(async transaction => {
        const held = await transaction.heldFile.findMany({ where: { jobId }, select: { digest: true } })
        const data = [...held, ...digests.map(digest => ({ digest }))]
        await transaction.heldFile.deleteMany({ where: { jobId } })
        await transaction.orphan.createMany({ data, skipDuplicates: true })
      }),
    async addDataset({ datasetId, digest }) {
      const found = { datasetId, digest }
      await database.$transaction([
        datasetContent.upsert({ where: { datasetId }, create: found, update: found }),
        orphan.deleteMany({ where: { digest } }),
      ])
    },
    async dropDataset({ datasetId, digest }) {
      await database.$transaction([
        datasetContent.deleteMany({ where: { datasetId } }),
        orphan.createMany({ data: [{ digest }], skipDuplicates: true }),
      ])
    },
    settle: (digest, collect) =>
      database.$transaction(
        async transaction => {
          await lockDigest(transaction, digest)
          const where = { digest }
          const isUsed =
            (await transaction.file.count({ where, take: 1 })) > 0 ||
            (await transaction.datasetContent.count({ where, take: 1 })) > 0 ||
            (await transaction.heldFile.count({ where, take: 1 })) > 0
          if (isUsed || (await collect())) await transaction.orphan.deleteMany({ where })
        },
        { timeout: 30_000 },
      ),
    async remains(digests) {
      const where = { digest: { in: [...digests] } }
      const files = await file.findMany({
        where,
        select: { digest: true, versionId: true },
        orderBy: { versionId: 'asc' },
      })
      const contents = await datasetContent.findMany({ where, orderBy: { datasetId: 'asc' } })
      const held = await heldFile.findMany({ where, orderBy: { jobId: 'asc' } })
      const users = [
        ...files.map(({ digest, versionId }) => ({ digest, id: versionId })),
        ...contents.map(({ digest, datasetId }) => ({ digest, id: datasetId })),
        ...held.map(({ digest, jobId }) => ({ digest, id: jobId })),
      ]
      const used = Map.groupBy(users, ({ digest }) => digest)
      return {
        waiting: await orphan.count({ where }),
        used: Array.from(used, ([digest, users]) => ({ digest, usedBy: users.map(({ id }) => id) })),
      }
    },
    async finish(id, { manifest: proof, signature, keyId }, settledAt) {
      const data = { status: 'PURGED', proof, signature, keyId, settledAt }
      return toDeletion(await deletion.update({ where: { id }, data }))
    },
  }
}
