import type { Identity } from '../kernel/auth/identity.ts'
import type { Log } from '../kernel/log.ts'
import type { AnswerHeaders } from './http/answer-headers.ts'
import type { Client } from './http/client.ts'

/** What one operation carries down to the subgraphs. */
export interface OperationScope {
  readonly identity: Identity
  readonly requestId: string
  /** W3C trace context of the request. */
  readonly traceparent: string | null
  /** Undefined where nobody can leave. */
  readonly client: Client | undefined
  readonly log: Log
}

/** What the server gives to Yoga with a request; `scope` is added once the caller is known. */
export interface GatewayContext {
  readonly requestId?: string
  readonly client?: Client
  /** Where an HTTP request comes from. */
  readonly address?: string
  /** Of an HTTP answer. */
  readonly headers?: AnswerHeaders
  /** The `authorization` of a graphql-ws connection's init payload. */
  readonly authorization?: string
  scope?: OperationScope
}

/** Of a request over HTTP. */
export type HttpContext = GatewayContext &
  Required<Pick<GatewayContext, 'requestId' | 'client' | 'address' | 'headers'>>
