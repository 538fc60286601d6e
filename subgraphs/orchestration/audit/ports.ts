import type { Page } from '../page.ts'
import type { AuditEntry } from './entry.ts'

/** Entries are written by the stores of what they are about; here they are read. */
export interface AuditLog {
  /** `project` `*` lists every project's. */
  list(project: string, page: Page): Promise<readonly AuditEntry[]>
}

export interface AuditParts {
  readonly auditLog: AuditLog
}
