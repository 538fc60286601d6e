import { Prisma, type PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { Label, Labels } from './ports.ts'

export function labelStore(database: PrismaClient): Labels {
  // One statement, so that two who add tags at once both keep theirs.
  const change = async (table: Prisma.Sql, id: string, { description, addTags, removeTags }: Label, most: number) => {
    const tags = Prisma.sql`ARRAY(
      SELECT tag FROM unnest(tags || ${[...addTags]}::text[]) AS tag
      WHERE tag <> ALL (${[...removeTags]}::text[]) GROUP BY tag ORDER BY tag)`
    const count = await database.$executeRaw`
      UPDATE ${table} SET tags = ${tags}, description = coalesce(${description ?? null}, description)
      WHERE id = ${id} AND cardinality(${tags}) <= ${most}`
    return count > 0
  }
  return {
    ofModel: (id, label, most) => change(Prisma.sql`model`, id, label, most),
    ofVersion: (id, label, most) => change(Prisma.sql`version`, id, label, most),
  }
}
