import { chosenProject, type Identity, mayAccess, type Role } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { auditEntry } from '../audit/entry.ts'
import { checkedIdempotencyKey } from '../idempotency.ts'
import { badKeyName, badLifetime, deadKey, keyNotFound, keyReused, unknownKey } from './errors.ts'
import { type ApiKey, hashOf, identityOf, isLive, newKey, newSecret } from './key.ts'
import type { IdentityParts } from './ports.ts'

/** How exactly `lastUsedAt` is kept, so that a busy key is not a busy row. */
const touchEveryMs = 60_000

/** Who holds the key; throws UNAUTHENTICATED for a key that is not known, revoked or expired. */
export async function verifyKey({ keys, now }: IdentityParts, secret: string) {
  const key = await keys.findByHash(hashOf(secret))
  if (!key) throw unknownKey()
  const at = now()
  if (!isLive(key, at)) throw deadKey(key)
  const since = new Date(at.getTime() - touchEveryMs)
  if (key.lastUsedAt === null || key.lastUsedAt < since) await keys.touch(key.id, at, since)
  return { identity: identityOf(key), expiresAt: key.expiresAt }
}

export interface CreateApiKeyInput {
  readonly name: string
  readonly role: Role
  readonly project?: string | null
  readonly expiresInSeconds?: number | null
  readonly idempotencyKey?: string | null
}

export interface CreatedKey {
  readonly apiKey: ApiKey
  /** Null when an earlier call with the same idempotency key made it: nobody can read it again. */
  readonly secret: string | null
}

export async function createApiKey(
  { keys, now }: IdentityParts,
  identity: Identity,
  { name, role, expiresInSeconds, ...input }: CreateApiKeyInput,
): Promise<CreatedKey> {
  if (name.length < 1 || name.length > 100) throw badKeyName(name)
  if (expiresInSeconds != null && expiresInSeconds < 1) throw badLifetime(expiresInSeconds)
  const idempotencyKey = checkedIdempotencyKey(input.idempotencyKey)
  const project = input.project === '*' && identity.project === '*' ? '*' : chosenProject(identity, input.project)
  const at = now()
  const expiresAt = expiresInSeconds == null ? null : new Date(at.getTime() + expiresInSeconds * 1_000)
  const secret = newSecret('forge')
  const key = newKey(secret, { id: newId('key'), name, role, project, kind: 'key', expiresAt, idempotencyKey }, at)

  const stored = await keys.add(key, auditEntry(identity.principal, 'key.created', key, at))
  if (stored.id === key.id) return { apiKey: stored, secret }
  const isSame = stored.name === name && stored.role === role && lifetimeMs(stored) === lifetimeMs(key)
  if (!isSame) throw keyReused(idempotencyKey!, stored)
  return { apiKey: stored, secret: null }
}

const lifetimeMs = ({ createdAt, expiresAt }: ApiKey) => expiresAt && expiresAt.getTime() - createdAt.getTime()

/** Ends a key for good; whoever uses it is refused once the processes have heard of it, in 5 s at the latest. */
export async function revokeApiKey({ keys, now }: IdentityParts, identity: Identity, id: string): Promise<ApiKey> {
  const key = await keys.find(id)
  if (!key || !mayAccess(identity, key.project)) throw keyNotFound(id)
  if (key.revokedAt) return key
  const at = now()
  await keys.revoke(key, at, auditEntry(identity.principal, 'key.revoked', key, at))
  return { ...key, revokedAt: at }
}
