import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { AliasStore } from './ports.ts'

export function aliasStore({ alias }: PrismaClient): AliasStore {
  const orderBy = { name: 'asc' } as const
  return {
    ofModels: modelIds => alias.findMany({ where: { modelId: { in: [...modelIds] } }, orderBy }),
    ofVersions: versionIds => alias.findMany({ where: { versionId: { in: [...versionIds] } }, orderBy }),
    async point({ modelId, name, versionId }) {
      const where = { modelId_name: { modelId, name } }
      await alias.upsert({ where, create: { modelId, name, versionId }, update: { versionId } })
    },
    async remove(modelId, name) {
      const { count } = await alias.deleteMany({ where: { modelId, name } })
      return count > 0
    },
  }
}
