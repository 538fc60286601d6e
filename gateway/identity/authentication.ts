import type { Plugin } from 'graphql-yoga'
import type { Log } from '../../kernel/log.ts'
import type { GatewayContext } from '../context.ts'
import { requestIdOf } from '../request-id.ts'
import { type AdmissionParts, admit } from './admission.ts'
import type { HeaderReader } from './credentials.ts'

/** HTTP status of an answer without data, by the code of its first error. */
const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
}

/** Finds out who asks before anything of the request is looked at, over HTTP and WebSocket alike. */
export const authenticate = (parts: AdmissionParts, log: Log): Plugin<object, GatewayContext> => ({
  async onParams({ request, context }) {
    const header: HeaderReader = name => request.headers.get(name)
    const requestId = context.requestId ?? requestIdOf(header)
    const { address, authorization, writeHeader } = context
    const identity = await admit(parts, { header, authorization, address, writeHeader })
    context.scope = {
      identity,
      requestId,
      traceparent: header('traceparent') ?? null,
      signal: context.signal,
      log: log.child({ requestId, principal: identity.principal }),
    }
  },
  onResultProcess({ result, setResult }) {
    if (Array.isArray(result) || !('errors' in result) || !result.errors?.length || result.data) return
    const status = statuses[String(result.errors[0]!.extensions?.code)]
    if (status) setResult({ ...result, extensions: { ...result.extensions, http: { status } } })
  },
})
