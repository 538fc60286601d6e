import type { Prisma, PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { AliasStore } from './ports.ts'

export function aliasStore(database: PrismaClient): AliasStore {
  const { alias } = database
  const orderBy = { name: 'asc' } as const
  return {
    ofModels: modelIds => alias.findMany({ where: { modelId: { in: [...modelIds] } }, orderBy }),
    ofVersions: versionIds => alias.findMany({ where: { versionId: { in: [...versionIds] } }, orderBy }),
    point: ({ modelId, name, versionId }, expected, announce) =>
      database.$transaction(async transaction => {
        await lockModel(transaction, modelId)
        const where = { modelId_name: { modelId, name } }
        const found = (await transaction.alias.findUnique({ where }))?.versionId ?? null
        if (expected !== undefined && found !== expected) return { found }
        if (found === versionId) return null
        if ((await transaction.version.count({ where: { id: versionId, deletedAt: null } })) === 0) return 'deleted'
        await transaction.alias.upsert({ where, create: { modelId, name, versionId }, update: { versionId } })
        await transaction.outbox.create({ data: announce(found) })
        return null
      }),
    remove: (modelId, name, announce) =>
      database.$transaction(async transaction => {
        await lockModel(transaction, modelId)
        const [removed] = await transaction.alias.findMany({ where: { modelId, name } })
        if (!removed) return false
        await transaction.alias.delete({ where: { modelId_name: { modelId, name } } })
        await transaction.outbox.create({ data: announce(removed.versionId) })
        return true
      }),
  }
}

/** Aliases and deletions of one model take turns: a version that an alias names is never deleted. */
export async function lockModel(transaction: Prisma.TransactionClient, modelId: string): Promise<void> {
  await transaction.$executeRaw`SELECT id FROM model WHERE id = ${modelId} FOR UPDATE`
}
