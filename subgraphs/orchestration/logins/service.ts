import type { Identity } from '../../../kernel/auth/identity.ts'
import { forbidden } from '../../../kernel/errors.ts'
import { newId } from '../../../kernel/ids.ts'
import { auditEntry } from '../audit/entry.ts'
import { hashOf, newKey, newSecret } from '../identities/key.ts'
import { deadCode } from './errors.ts'
import type { LoginParts } from './ports.ts'

const codeLifetimeMs = 10 * 60 * 1_000
const sessionLifetimeMs = 12 * 60 * 60 * 1_000

export interface LoginCode {
  readonly code: string
  readonly expiresAt: Date
}

/** A code that opens one admin session of all projects within ten minutes; only its hash is kept. */
export async function createLoginCode(
  { codes, now }: LoginParts,
  { principal, project }: Pick<Identity, 'principal' | 'project'>,
): Promise<LoginCode> {
  if (project !== '*') {
    throw forbidden(`A login sees every project, your key only "${project}": ask an admin of all projects for a code.`)
  }
  const at = now()
  const code = newSecret('login')
  const expiresAt = new Date(at.getTime() + codeLifetimeMs)
  const subject = { id: code.slice(0, 12), project: '*' }
  await codes.add(hashOf(code), expiresAt, auditEntry(principal, 'login_code.created', subject, at))
  return { code, expiresAt }
}

/** Opens a session of twelve hours; throws UNAUTHENTICATED for a code that is unknown, used or expired. */
export async function logIn({ codes, now }: LoginParts, code: string): Promise<{ key: string; expiresAt: Date }> {
  const at = now()
  const key = newSecret('forge')
  const expiresAt = new Date(at.getTime() + sessionLifetimeMs)
  const session = newKey(
    key,
    { id: newId('session'), name: 'login', role: 'admin', project: '*', kind: 'session', expiresAt },
    at,
  )
  const isOpen = await codes.exchange(hashOf(code), session, auditEntry(session.id, 'session.created', session, at))
  if (!isOpen) throw deadCode()
  return { key, expiresAt }
}
