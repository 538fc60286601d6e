import type { PrismaClient } from '../../../prisma/realtime/generated/client.ts'
import type { Connections } from './ports.ts'

export const connectionStore = (db: PrismaClient): Connections => ({
  /** One statement for all: there may be thousands, every two seconds. */
  async put(connections, at) {
    const rows = connections.map(({ behindMs, ...row }) => ({ ...row, behind_ms: behindMs, seen_at: at }))
    await db.$executeRaw`
      INSERT INTO connection SELECT * FROM json_populate_recordset(NULL::connection, ${JSON.stringify(rows)}::json)
      ON CONFLICT (id) DO UPDATE SET delivered = excluded.delivered, gaps = excluded.gaps, behind = excluded.behind,
        behind_ms = excluded.behind_ms, seen_at = excluded.seen_at`
  },
  async remove(ids) {
    await db.connection.deleteMany({ where: { id: { in: [...ids] } } })
  },
  async removeStale(at) {
    await db.connection.deleteMany({ where: { seenAt: { lt: at } } })
  },
  isFollowed: async (field, subject, seenSince) =>
    (await db.connection.count({ where: { field, subject, seenAt: { gte: seenSince } }, take: 1 })) > 0,
  list: (project, seenSince, { limit, inverted, after, before }) =>
    db.connection.findMany({
      where: {
        id: { lt: after, gt: before },
        seenAt: { gte: seenSince },
        project: project === '*' ? undefined : project,
      },
      orderBy: { id: inverted ? 'asc' : 'desc' },
      take: limit,
    }),
})
