import { newId } from '../../../kernel/ids.ts'
import { auditEntry } from '../audit/entry.ts'
import { hashOf, isLive, newKey, newSecret } from '../identities/key.ts'
import type { IdentityParts } from '../identities/ports.ts'
import { revokedAdminKey } from './errors.ts'
import type { AdminKeyFile } from './ports.ts'

const owner = 'service:orchestration'

/**
 * Sees to it that there is a first admin key: the `given` one, or else the one in the file. Where the file is missing,
 * or holds a key that this database does not know or that has ended, a new key is made and the one before it revoked:
 * so whoever owns the data folder gets back in by deleting the file and starting again.
 */
export async function ensureAdminKey({ keys, now }: IdentityParts, file: AdminKeyFile, given?: string): Promise<void> {
  const kept = given ?? (await file.read())
  const found = kept === null ? null : await keys.findByHash(hashOf(kept))
  const at = now()
  if (found && isLive(found, at)) return
  if (found && given) throw revokedAdminKey()

  const secret = given ?? newSecret('forge')
  const key = newKey(secret, { id: newId('key'), name: 'first admin', role: 'admin', project: '*', kind: 'first' }, at)
  await keys.addFirst(key, auditEntry(owner, 'key.created', key, at))
  if (!given) await file.write(secret)
}
