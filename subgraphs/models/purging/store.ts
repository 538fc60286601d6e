import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import { toDeletion } from '../deletion/store.ts'
import { lockDigest } from './holding.ts'
import type { Inventory, Purges } from './ports.ts'

export function purgeStore(database: PrismaClient): Purges {
  const { deletion, orphan, file } = database
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
    async keep(digest) {
      await orphan.deleteMany({ where: { digest } })
    },
    settle: (digest, collect) =>
      database.$transaction(
        async transaction => {
          await lockDigest(transaction, digest)
          const isUsed = (await transaction.file.count({ where: { digest }, take: 1 })) > 0
          if (isUsed || (await collect())) await transaction.orphan.deleteMany({ where: { digest } })
        },
        { timeout: 30_000 },
      ),
    async remains(digests) {
      const where = { digest: { in: [...digests] } }
      const rows = await file.findMany({
        where,
        select: { digest: true, versionId: true },
        orderBy: { versionId: 'asc' },
      })
      const used = Map.groupBy(rows, row => row.digest)
      return {
        waiting: await orphan.count({ where }),
        used: Array.from(used, ([digest, files]) => ({ digest, usedBy: files.map(row => row.versionId) })),
      }
    },
    async finish(id, { manifest: proof, signature, keyId }, settledAt) {
      const data = { status: 'PURGED', proof, signature, keyId, settledAt }
      return toDeletion(await deletion.update({ where: { id }, data }))
    },
  }
}
