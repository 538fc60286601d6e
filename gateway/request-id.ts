import { randomUUID } from 'node:crypto'
import type { HeaderReader } from './identity/credentials.ts'

/** The id that the client sent as `x-request-id`, when it is one that may stand in a log line, else a new one. */
export function requestIdOf(header: HeaderReader): string {
  const given = header('x-request-id')
  return given && /^[\w.:-]{1,100}$/.test(given) ? given : newRequestId()
}

export const newRequestId = () => `req_${randomUUID()}`
