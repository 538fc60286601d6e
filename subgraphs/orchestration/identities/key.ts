import { createHash, randomBytes } from 'node:crypto'
import { type Identity, type Role, roles } from '../../../kernel/auth/identity.ts'

/** `first` is the admin key in the data folder, `session` the key that a login opened. */
export type KeyKind = 'key' | 'session' | 'first'

/** What is kept of a key: never the key itself. */
export interface ApiKey {
  readonly id: string
  /** SHA-256, hexadecimal. A key is 256 random bits, so a slow hash would add nothing. */
  readonly hash: string
  /** The first characters, by which its owner tells it from others. */
  readonly prefix: string
  readonly name: string
  readonly role: Role
  readonly project: string
  readonly kind: KeyKind
  readonly idempotencyKey: string | null
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
  /** To the minute. */
  readonly lastUsedAt: Date | null
}

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

export const newSecret = (prefix: string): string => `${prefix}_${randomBytes(32).toString('base64url')}`

/** What is kept of a secret that begins to be a key now. */
export const newKey = (
  secret: string,
  given: Pick<ApiKey, 'id' | 'name' | 'role' | 'project' | 'kind'> & Partial<ApiKey>,
  now: Date,
): ApiKey => ({
  idempotencyKey: null,
  expiresAt: null,
  ...given,
  hash: hashOf(secret),
  prefix: secret.slice(0, 12),
  createdAt: now,
  revokedAt: null,
  lastUsedAt: null,
})

export const isLive = (key: ApiKey, now: Date): boolean =>
  key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now)

export const identityOf = ({ id, name, role, project }: ApiKey): Identity => ({
  principal: id,
  name,
  project,
  scopes: roles[role],
})

/** The role whose scopes an identity has; services have scopes of their own and no role. */
export function roleOf({ scopes }: Identity): Role | null {
  const names = Object.keys(roles) as Role[]
  const hasAll = (role: Role) => roles[role].every(scope => scopes.includes(scope))
  return names.find(role => roles[role].length === scopes.length && hasAll(role)) ?? null
}
