import { Prisma, type PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { MetricFilter, ModelFilter, Page, Registry } from './ports.ts'

/** What LIKE takes for any text or any character; `_` is common in names. */
const likeSigns = /[\\%_]/g

/** So many versions that fit are looked up first; where more do, the newest models soon show enough of them. */
const fewVersions = 2_000

export function registryStore(database: PrismaClient): Registry {
  const { model } = database
  /**
   * The models of the versions that fit, where these are few: the planner takes arrays and metrics for common, walks
   * through all models, and finds the few at the end.
   */
  async function fewModels({ project, nameContains: _, tags: __, ...filter }: ModelFilter) {
    if (Object.keys(filter).length === 0) return undefined
    const rows = await database.$queryRaw<{ modelId: string }[]>`
      SELECT model_id AS "modelId" FROM version WHERE ${Prisma.join(conditions({ ...filter, project }), ' AND ')}
      LIMIT ${fewVersions + 1}`
    return rows.length > fewVersions ? undefined : [...new Set(rows.map(({ modelId }) => modelId))]
  }
  return {
    find: (project, name) => model.findUnique({ where: { project_name: { project, name } } }),
    byId: ids => model.findMany({ where: { id: { in: [...ids] } } }),
    async list(filter, page) {
      const found = await fewModels(filter)
      return model.findMany({
        where: {
          project: filter.project,
          name: { contains: filter.nameContains?.replace(likeSigns, '\\$&') },
          tags: filter.tags && { hasEvery: [...filter.tags] },
          versions: found ? undefined : { some: wantedVersion(filter) },
          id: { ...between(page), in: found },
        },
        ...paged(page),
      })
    },
  }
}

/** The same as `wantedVersion`, in SQL: Prisma would order the rows by id, and so make PostgreSQL walk through all. */
function conditions({ project, phase, versionTags, metrics = [], parentId, runId, datasetFingerprint }: ModelFilter) {
  const metric = ({ name, atLeast, atMost }: MetricFilter) =>
    Prisma.sql`id IN (SELECT version_id FROM metric WHERE name = ${name}
      ${atLeast == null ? Prisma.empty : Prisma.sql`AND value >= ${atLeast}`}
      ${atMost == null ? Prisma.empty : Prisma.sql`AND value <= ${atMost}`})`
  return [
    Prisma.sql`deleted_at IS NULL`,
    project === undefined ? null : Prisma.sql`project = ${project}`,
    phase === undefined ? null : Prisma.sql`phase = ${phase}`,
    runId === undefined ? null : Prisma.sql`run_id = ${runId}`,
    versionTags === undefined ? null : Prisma.sql`tags @> ${[...versionTags]}::text[]`,
    parentId === undefined ? null : Prisma.sql`parent_ids @> ${[parentId]}::text[]`,
    datasetFingerprint === undefined ? null : Prisma.sql`dataset ->> 'fingerprint' = ${datasetFingerprint}`,
    ...metrics.map(metric),
  ].filter(condition => condition !== null)
}

const wantedVersion = ({ phase, versionTags, metrics, parentId, runId, datasetFingerprint }: ModelFilter) =>
  ({
    deletedAt: null,
    phase,
    runId,
    tags: versionTags && { hasEvery: [...versionTags] },
    parentIds: parentId === undefined ? undefined : { has: parentId },
    dataset: datasetFingerprint === undefined ? undefined : { path: ['fingerprint'], equals: datasetFingerprint },
    AND: metrics?.map(({ name, atLeast, atMost }) => ({
      values: { some: { name, value: { gte: atLeast ?? undefined, lte: atMost ?? undefined } } },
    })),
  }) satisfies Prisma.VersionWhereInput

/** Ids sort by age: after one means older than it, as the newest come first. */
export const between = ({ after, before }: Page) => ({ lt: after, gt: before })

export const paged = ({ limit, inverted }: Page) =>
  ({ take: limit, orderBy: { id: inverted ? 'asc' : 'desc' } }) as const
