import { newId } from '../../../kernel/ids.ts'

/** What the audit log records: each is written in the transaction that does it. */
export type Action =
  | 'run.created'
  | 'run.cancelled'
  | 'key.created'
  | 'key.revoked'
  | 'login_code.created'
  | 'session.created'

/** Who did what to what. */
export interface AuditEntry {
  readonly id: string
  readonly at: Date
  readonly principal: string
  readonly project: string
  readonly action: Action
  /** Id of the run or key that it was done to. */
  readonly subject: string
}

export const auditEntry = (
  principal: string,
  action: Action,
  { id, project }: { readonly id: string; readonly project: string },
  at: Date,
): AuditEntry => ({ id: newId('audit'), at, principal, project, action, subject: id })
