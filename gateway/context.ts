import type { Identity } from '../kernel/auth/identity.ts'
import type { Log } from '../kernel/log.ts'
import type { HeaderWriter } from './identity/rates.ts'

/** What one operation carries down to the subgraphs. */
export interface OperationScope {
  readonly identity: Identity
  readonly requestId: string
  /** W3C trace context as the client sent it. */
  readonly traceparent: string | null
  /** Fires when the client has gone. */
  readonly signal: AbortSignal | undefined
  readonly log: Log
}

/** What the server gives to Yoga with a request; `scope` is added once the caller is known. */
export interface GatewayContext {
  readonly requestId?: string
  readonly signal?: AbortSignal
  /** Where an HTTP request comes from. */
  readonly address?: string
  /** Sets a header of an HTTP answer. */
  readonly writeHeader?: HeaderWriter
  /** The `authorization` of a graphql-ws connection's init payload. */
  readonly authorization?: string
  scope?: OperationScope
}
