import type { AuditEntry } from '../audit/entry.ts'
import type { ApiKey } from '../identities/key.ts'

export interface LoginCodes {
  add(hash: string, expiresAt: Date, audit: AuditEntry): Promise<void>
  /** Uses the code up and adds the session's key, both or neither; false for a code that is unknown, used or expired. */
  exchange(hash: string, session: ApiKey, audit: AuditEntry): Promise<boolean>
}

/** Where the first admin key is kept for the local client: a file that only its owner reads. */
export interface AdminKeyFile {
  read(): Promise<string | null>
  write(secret: string): Promise<void>
}

export interface LoginParts {
  readonly codes: LoginCodes
  readonly now: () => Date
}
