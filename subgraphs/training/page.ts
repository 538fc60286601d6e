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

/** Whether a text could be an id of this kind (kernel/ids.ts); what could not is looked up nowhere. */
export const isId = (text: string, prefix: string): boolean =>
  text.startsWith(`${prefix}_`) && /^[0-9A-HJKMNP-TV-Z]{26}$/.test(text.slice(prefix.length + 1))

/** Throws INVALID_INPUT for a cursor that is no id of this kind. */
export function checkedPage(page: Page, prefix: string): Page {
  for (const cursor of [page.after, page.before]) {
    if (cursor !== undefined && !isId(cursor, prefix)) {
      throw invalidInput(`"${cursor.slice(0, 80)}" is no cursor of this list: pass a \`cursor\` that it gave you.`)
    }
  }
  return page
}

/** The page as Prisma takes it, with what else a row must be. */
export const pageQuery = <Where extends object>({ limit, inverted, after, before }: Page, where: Where) => ({
  where: { ...where, id: { lt: after, gt: before } },
  orderBy: { id: inverted ? ('asc' as const) : ('desc' as const) },
  take: limit,
})
