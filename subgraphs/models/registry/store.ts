import { Prisma, type PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { MetricFilter, ModelFilter, Page, Registry } from './ports.ts'

/** What LIKE takes for any text or any character; `_` is common in names. */
const likeSigns = /[\\%_]/g

/** So many versions that fit one condition are looked up at once; where more do, the newest models soon show enough of them. */
const fewVersions = 2_000

export function registryStore(database: PrismaClient): Registry {
  const { model } = database

  /** The ids that a statement gives, where these are few. */
  async function few(ids: Prisma.Sql) {
    const rows = await database.$queryRaw<{ id: string }[]>`${ids} LIMIT ${fewVersions + 1}`
    return rows.length > fewVersions ? undefined : rows.map(({ id }) => id)
  }

  /**
   * The models of the versions that fit, where few do to one of the conditions. Each is asked for by itself: PostgreSQL
   * counts the values of all metrics together, and thinks that half of the versions have a loss below 1 where shares are metrics too.
   */
  async function fewModels({ metrics = [], ...filter }: ModelFilter) {
    const others = versionConditions(filter)
    const sets = await Promise.all([
      ...metrics.map(metric =>
        few(Prisma.sql`SELECT version_id AS id FROM metric WHERE ${bounds(metric)} ORDER BY value`),
      ),
      ...(others.length > 0 ? [few(Prisma.sql`SELECT id FROM version WHERE ${all(others)}`)] : []),
    ])
    const [smallest] = sets.filter(set => set !== undefined).sort((a, b) => a.length - b.length)
    if (!smallest) return undefined
    const rows = await database.$queryRaw<{ modelId: string }[]>`
      SELECT DISTINCT model_id AS "modelId" FROM version
      WHERE ${all([Prisma.sql`id = ANY(${smallest})`, fits({ metrics, ...filter })])}`
    return rows.map(({ modelId }) => modelId)
  }

  /** Models in the order of the page, each of which is asked whether one of its versions fits. */
  async function walk(filter: ModelFilter, { after, before, limit, inverted }: Page) {
    const { project, nameContains, tags } = filter
    const conditions = [
      project === undefined ? null : Prisma.sql`project = ${project}`,
      nameContains === undefined ? null : Prisma.sql`name LIKE ${`%${escaped(nameContains)}%`}`,
      tags === undefined ? null : Prisma.sql`tags @> ${[...tags]}::text[]`,
      after === undefined ? null : Prisma.sql`id < ${after}`,
      before === undefined ? null : Prisma.sql`id > ${before}`,
    ].filter(condition => condition !== null)
    // A LIMIT inside keeps PostgreSQL from making it a join, for which it would first look at every version.
    const rows = await database.$queryRaw<{ id: string }[]>`
      SELECT model.id FROM (SELECT id FROM model WHERE ${all([...conditions, Prisma.sql`true`])}) AS model
      CROSS JOIN LATERAL (SELECT 1 FROM version WHERE model_id = model.id AND ${fits(filter)} LIMIT 1) AS found
      ORDER BY model.id ${inverted ? Prisma.sql`ASC` : Prisma.sql`DESC`} LIMIT ${limit}`
    return rows.map(({ id }) => id)
  }

  return {
    find: (project, name) => model.findUnique({ where: { project_name: { project, name } } }),
    byId: ids => model.findMany({ where: { id: { in: [...ids] } } }),
    async list(filter, page) {
      const { project, nameContains, tags, ...ofVersions } = filter
      const wanted = Object.keys(ofVersions).length > 0
      const found = wanted ? ((await fewModels(ofVersions)) ?? (await walk(filter, page))) : undefined
      return model.findMany({
        where: {
          project,
          name: { contains: nameContains && escaped(nameContains) },
          tags: tags && { hasEvery: [...tags] },
          versions: found ? undefined : { some: { deletedAt: null } },
          id: { ...between(page), in: found },
        },
        ...paged(page),
      })
    },
  }
}

const escaped = (text: string) => text.replace(likeSigns, '\\$&')

const all = (conditions: readonly Prisma.Sql[]) => Prisma.join([...conditions], ' AND ')

const bounds = ({ name, atLeast, atMost }: MetricFilter) => Prisma.sql`name = ${name}
  ${atLeast == null ? Prisma.empty : Prisma.sql`AND value >= ${atLeast}`}
  ${atMost == null ? Prisma.empty : Prisma.sql`AND value <= ${atMost}`}`

/** What is asked of the row of a version. */
const versionConditions = ({ phase, versionTags, parentId, runId, datasetFingerprint }: ModelFilter) =>
  [
    phase === undefined ? null : Prisma.sql`phase = ${phase}`,
    runId === undefined ? null : Prisma.sql`run_id = ${runId}`,
    versionTags === undefined ? null : Prisma.sql`tags @> ${[...versionTags]}::text[]`,
    parentId === undefined ? null : Prisma.sql`parent_ids @> ${[parentId]}::text[]`,
    datasetFingerprint === undefined
      ? null
      : Prisma.sql`dataset @> ${JSON.stringify({ fingerprint: datasetFingerprint })}::jsonb`,
  ].filter(condition => condition !== null)

/** Whether a version is what is asked for. */
const fits = ({ metrics = [], ...filter }: ModelFilter) =>
  all([
    Prisma.sql`deleted_at IS NULL`,
    ...versionConditions(filter),
    ...metrics.map(
      metric => Prisma.sql`EXISTS (SELECT 1 FROM metric WHERE version_id = version.id AND ${bounds(metric)})`,
    ),
  ])

/** Ids sort by age: after one means older than it, as the newest come first. */
export const between = ({ after, before }: Page) => ({ lt: after, gt: before })

export const paged = ({ limit, inverted }: Page) =>
  ({ take: limit, orderBy: { id: inverted ? 'asc' : 'desc' } }) as const
