import type { Identity } from '../../../kernel/auth/identity.ts'
import { invalidInput } from '../../../kernel/errors.ts'
import type { LiveConnection, Page } from './connection.ts'
import type { ConnectionParts } from './ports.ts'

/** Unconfirmed for so long, a subscription has ended with its process. Milliseconds. */
export const staleMs = 10_000

/** Who is subscribed to what, in the project of `identity` or in all. Throws INVALID_INPUT for what is no cursor. */
export async function listConnections(
  { connections, connectionStore, now }: ConnectionParts,
  { project }: Identity,
  page: Page,
): Promise<readonly LiveConnection[]> {
  for (const cursor of [page.after, page.before]) {
    if (cursor !== undefined && !/^con_[0-9A-HJKMNP-TV-Z]{26}$/.test(cursor)) {
      throw invalidInput(`"${cursor.slice(0, 80)}" is no cursor of this list: pass a \`cursor\` that it gave you.`)
    }
  }
  await connections.confirm()
  return connectionStore.list(project, new Date(now().getTime() - staleMs), page)
}
