import type { Plugin } from 'graphql-yoga'
import type { Identity } from '../../kernel/auth/identity.ts'
import type { Log } from '../../kernel/log.ts'
import { currentRequestId, currentTraceparent } from '../../kernel/telemetry/correlation.ts'
import type { GatewayContext, OperationScope } from '../context.ts'
import { statusOf } from '../http/refusal.ts'
import { requestIdOf } from '../request-id.ts'
import { type AdmissionParts, admit } from './admission.ts'
import type { HeaderReader } from './credentials.ts'

/** Finds out who asks before anything of the request is looked at, over HTTP and WebSocket alike. */
export const authenticate = (parts: AdmissionParts, log: Log): Plugin<object, GatewayContext> => ({
  async onParams({ request, context }) {
    const header: HeaderReader = name => request.headers.get(name)
    const { address, authorization, headers } = context
    const identity = await admit(parts, { header, authorization, address, writeHeader: headers?.write })
    context.scope = scopeOf(identity, context, header, log)
  },
  onResultProcess({ result, setResult }) {
    if (Array.isArray(result) || !('errors' in result)) return
    const status = statusOf(result)
    if (status !== 200) setResult({ ...result, extensions: { ...result.extensions, http: { status } } })
  },
})

/** What an operation of `identity` carries along. */
export function scopeOf(identity: Identity, context: GatewayContext, header: HeaderReader, log: Log): OperationScope {
  const requestId = currentRequestId() ?? context.requestId ?? requestIdOf(header)
  let child: Log | undefined
  return {
    identity,
    requestId,
    traceparent: currentTraceparent() ?? header('traceparent') ?? null,
    client: context.client,
    get log() {
      child ??= log.child({ requestId, principal: identity.principal })
      return child
    },
  }
}
