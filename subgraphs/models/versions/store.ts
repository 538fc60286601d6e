import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { VersionModel } from '../../../prisma/models/generated/models/Version.ts'
import type { MetricValue, Phase } from '../../../schema/values.ts'
import { between, paged } from '../registry/store.ts'
import type { Versions } from './ports.ts'
import type { ModelVersion } from './version.ts'

export function versionStore({ version, alias, file }: PrismaClient): Versions {
  const many = async (rows: Promise<VersionModel[]>) => (await rows).map(toVersion)
  return {
    async find(modelId, number) {
      const row = await version.findUnique({ where: { modelId_number: { modelId, number } } })
      return row && toVersion(row)
    },
    async aliased(modelId, name) {
      const row = await alias.findUnique({ where: { modelId_name: { modelId, name } }, include: { version: true } })
      return row && toVersion(row.version)
    },
    list: (modelId, page) => many(version.findMany({ where: { modelId, id: between(page) }, ...paged(page) })),
    byId: ids => many(version.findMany({ where: { id: { in: [...ids] } } })),
    ofJobs: jobIds => many(version.findMany({ where: { jobId: { in: [...jobIds] } } })),
    newest: models =>
      many(version.findMany({ where: { OR: models.map(({ id, newest }) => ({ modelId: id, number: newest })) } })),
    async files(versionIds) {
      const rows = await file.findMany({ where: { versionId: { in: [...versionIds] } }, orderBy: { path: 'asc' } })
      return rows.map(row => ({ ...row, sizeBytes: Number(row.sizeBytes) }))
    },
  }
}

export function toVersion(row: VersionModel): ModelVersion {
  return {
    ...row,
    phase: row.phase as Phase,
    parameterCount: Number(row.parameterCount),
    sizeBytes: Number(row.sizeBytes),
    architecture: row.architecture as Record<string, unknown>,
    metrics: row.metrics as unknown as MetricValue[],
    dataset: row.dataset as ModelVersion['dataset'],
  }
}
