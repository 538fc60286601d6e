import { resolveCursorConnection } from '@pothos/plugin-relay'
import { pageSize } from '../../../kernel/federation.ts'
import { invalidCursor } from './errors.ts'
import type { Page } from './ports.ts'

/** A page of rows whose cursors are their ids. Throws INVALID_INPUT on a cursor that is no id of this kind. */
export function connect<Row extends { readonly id: string }>(
  args: Parameters<typeof resolveCursorConnection>[0]['args'],
  prefix: string,
  load: (page: Page) => Promise<readonly Row[]>,
) {
  for (const cursor of [args.after, args.before]) {
    if (cursor && !cursor.startsWith(`${prefix}_`)) throw invalidCursor(cursor)
  }
  return resolveCursorConnection({ args, ...pageSize, toCursor: ({ id }: Row) => id }, load)
}
