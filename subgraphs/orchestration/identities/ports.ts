import type { AuditEntry } from '../audit/entry.ts'
import type { Page } from '../page.ts'
import type { ApiKey } from './key.ts'

export interface Keys {
  find(id: string): Promise<ApiKey | null>
  findByHash(hash: string): Promise<ApiKey | null>
  /** All but sessions; `project` `*` lists every project's. */
  list(project: string, page: Page): Promise<readonly ApiKey[]>
  /** Adds the key, or answers the one that has the same idempotency key in the same project already. */
  add(key: ApiKey, audit: AuditEntry): Promise<ApiKey>
  /** Adds the first admin key and revokes the ones before it, likewise. */
  addFirst(key: ApiKey, audit: AuditEntry): Promise<void>
  /** Ends it, and says so to every process. */
  revoke(key: ApiKey, at: Date, audit: AuditEntry): Promise<void>
  /** Notes a use, unless one was noted after `since`. */
  touch(id: string, at: Date, since: Date): Promise<void>
}

export interface IdentityParts {
  readonly keys: Keys
  readonly now: () => Date
}
