import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { Retentions } from './ports.ts'

export function retentionStore(database: PrismaClient): Retentions {
  return {
    async set(id, rule) {
      const data = {
        keepBest: rule?.keepBest ?? null,
        keepMetric: rule?.metric ?? null,
        keepLargest: rule?.largest ?? false,
      }
      await database.model.update({ where: { id }, data })
    },
    async surplus(modelId, { keepBest, metric, largest }) {
      // A version without the metric is worse than any that has it; of equals, the newer is kept.
      const rows = await database.$queryRaw<{ id: string }[]>`
        SELECT id FROM (
          SELECT version.id, rank() OVER (ORDER BY CASE WHEN ${largest} THEN -value ELSE value END NULLS LAST, number DESC)
            AS place, number = max(number) OVER () AS is_newest
          FROM version LEFT JOIN metric ON metric.version_id = version.id AND metric.name = ${metric}
          WHERE model_id = ${modelId} AND deleted_at IS NULL
        ) AS ranked
        WHERE place > ${keepBest} AND NOT is_newest AND NOT EXISTS (SELECT FROM alias WHERE alias.version_id = ranked.id)
        ORDER BY id LIMIT 100`
      return rows.map(({ id }) => id)
    },
  }
}
