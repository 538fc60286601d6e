import { invalidInput } from '../../kernel/errors.ts'

/** A part of a list whose ids sort by age, newest first unless `inverted`. */
export interface Page {
  readonly limit: number
  readonly inverted: boolean
  /** Only what is older than this id. */
  readonly after?: string
  /** Only what is newer than this id. */
  readonly before?: string
}

/** Throws INVALID_INPUT for a cursor that is no id of the given kinds. */
export function checkedPage(page: Page, ...prefixes: readonly string[]): Page {
  for (const cursor of [page.after, page.before]) {
    if (cursor !== undefined && !prefixes.some(prefix => isId(cursor, prefix))) {
      throw invalidInput(`"${cursor.slice(0, 80)}" is no cursor of this list: pass a \`cursor\` that it gave you.`)
    }
  }
  return page
}

const isId = (text: string, prefix: string): boolean =>
  text.startsWith(`${prefix}_`) && /^[0-9A-HJKMNP-TV-Z]{26}$/.test(text.slice(prefix.length + 1))

/** The page as Prisma takes it. */
export const pageQuery = ({ limit, inverted, after, before }: Page) => ({
  id: { lt: after, gt: before },
  orderBy: { id: inverted ? ('asc' as const) : ('desc' as const) },
  take: limit,
})

/** The projects that an identity sees, as Prisma takes it: all of them where undefined. */
export const projectQuery = (project: string): string | undefined => (project === '*' ? undefined : project)
