import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { VersionModel } from '../../../prisma/models/generated/models/Version.ts'
import type { MetricValue, Phase } from '../../../schema/values.ts'
import { between, paged } from '../registry/store.ts'
import type { Versions } from './ports.ts'
import type { ModelVersion } from './version.ts'

/** What has been deleted is not there for anybody, until it is restored. */
const deletedAt = null

export function versionStore(database: PrismaClient): Versions {
  const { version, alias, file } = database
  const many = async (rows: Promise<VersionModel[]>) => (await rows).map(toVersion)
  const byId = (ids: readonly string[]) => many(version.findMany({ where: { id: { in: [...ids] }, deletedAt } }))
  return {
    byId,
    async find(modelId, number) {
      const row = await version.findUnique({ where: { modelId_number: { modelId, number }, deletedAt } })
      return row && toVersion(row)
    },
    async aliased(modelId, name) {
      const row = await alias.findUnique({ where: { modelId_name: { modelId, name } }, include: { version: true } })
      return row && toVersion(row.version)
    },
    list: (modelId, page) =>
      many(version.findMany({ where: { modelId, deletedAt, id: between(page) }, ...paged(page) })),
    ofJobs: jobIds => many(version.findMany({ where: { jobId: { in: [...jobIds] }, deletedAt } })),
    async newest(models) {
      const where = { OR: models.map(({ id, newest }) => ({ modelId: id, number: newest })), deletedAt }
      const found = await many(version.findMany({ where }))
      const has = new Set(found.map(({ modelId }) => modelId))
      const lacking = models.filter(({ id }) => !has.has(id)).map(({ id }) => id)
      return lacking.length === 0 ? found : [...found, ...(await byId(await newestIds(lacking)))]
    },
    async children(parentIds) {
      return many(
        version.findMany({
          where: { parentIds: { hasSome: [...parentIds] }, deletedAt },
          orderBy: { id: 'asc' },
          take: 100 * parentIds.length,
        }),
      )
    },
    async files(versionIds) {
      const rows = await file.findMany({ where: { versionId: { in: [...versionIds] } }, orderBy: { path: 'asc' } })
      return rows.map(row => ({ ...row, sizeBytes: Number(row.sizeBytes) }))
    },
  }

  /** Of models whose newest number is taken away. */
  async function newestIds(modelIds: string[]): Promise<string[]> {
    const rows = await database.$queryRaw<{ id: string }[]>`
      SELECT newest.id FROM unnest(${modelIds}::text[]) AS wanted CROSS JOIN LATERAL (
        SELECT id FROM version WHERE model_id = wanted AND deleted_at IS NULL ORDER BY number DESC LIMIT 1
      ) AS newest`
    return rows.map(({ id }) => id)
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
    source: row.source as ModelVersion['source'],
  }
}
