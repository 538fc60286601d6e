import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { Page, Registry } from './ports.ts'

/** What LIKE takes for any text or any character; `_` is common in names. */
const likeSigns = /[\\%_]/g

export function registryStore({ model }: PrismaClient): Registry {
  return {
    find: (project, name) => model.findUnique({ where: { project_name: { project, name } } }),
    byId: ids => model.findMany({ where: { id: { in: [...ids] } } }),
    list: ({ project, nameContains, phase }, page) =>
      model.findMany({
        where: {
          project,
          name: { contains: nameContains?.replace(likeSigns, '\\$&') },
          versions: phase && { some: { phase } },
          id: between(page),
        },
        ...paged(page),
      }),
  }
}

/** Ids sort by age: after one means older than it, as the newest come first. */
export const between = ({ after, before }: Page) => ({ lt: after, gt: before })

export const paged = ({ limit, inverted }: Page) =>
  ({ take: limit, orderBy: { id: inverted ? 'asc' : 'desc' } }) as const
