import { Pool } from 'undici'
import type { Identity } from '../../kernel/auth/identity.ts'
import type { OperationScope } from '../context.ts'
import type { Service, ServiceFetch } from '../plan/types.ts'
import { type Answer, publicError, readAnswer, transportError } from './failures.ts'
import { guardedAttempts } from './resilience.ts'

/** Connections to one subgraph; HTTP/1.1 answers one request at a time on each. */
const maxConnections = 128
/** Time to establish a connection, in ms. */
const connectTimeout = 3_000
/** Time until the first byte of an answer, and between two of them, in ms: a generated text takes a while. */
const defaultTimeout = 60_000

export interface SubgraphOptions {
  readonly name: string
  /** Its GraphQL endpoint. */
  readonly url: string
  /** A signed identity for this subgraph. */
  sign(identity: Identity, audience: string): Promise<string>
  /** In ms. */
  readonly timeout?: number
}

export interface Subgraph extends Service, AsyncDisposable {
  readonly name: string
  readonly url: string
  readonly pool: Pool
  /** Headers that carry the caller's identity and the trace to this subgraph. */
  headers(scope: OperationScope): Promise<Record<string, string>>
}

export function openSubgraph({ name, url, sign, timeout = defaultTimeout }: SubgraphOptions): Subgraph {
  const { origin, pathname, search } = new URL(url)
  const pool = new Pool(origin, {
    connections: maxConnections,
    connect: { timeout: connectTimeout },
    headersTimeout: timeout,
    bodyTimeout: timeout,
  })

  const headers = async ({ identity, requestId, traceparent }: OperationScope) => ({
    authorization: `Bearer ${await sign(identity, name)}`,
    'x-request-id': requestId,
    ...(traceparent && { traceparent }),
  })

  const attempts = guardedAttempts(name)

  async function ask({ request, context: scope }: ServiceFetch): Promise<Answer> {
    const { query, operationName, variables } = request
    const response = await pool.request({
      path: pathname + search,
      method: 'POST',
      headers: { ...(await headers(scope)), 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query, operationName, variables }),
      signal: scope.signal,
    })
    return readAnswer(name, response.statusCode, await response.body.text())
  }

  // Failures are answers too, so that the executor keeps what the other subgraphs gave.
  async function process(fetch: ServiceFetch): Promise<Answer> {
    const { request, context: scope } = fetch
    try {
      const answer = await attempts.run(() => ask(fetch), request.idempotent, scope.signal)
      return { data: answer.data, errors: answer.errors?.map(error => publicError(name, error, scope)) }
    } catch (error) {
      return { data: null, errors: [transportError(name, error, scope)] }
    }
  }

  return {
    name,
    url,
    pool,
    headers,
    process,
    [Symbol.asyncDispose]: () => pool.destroy(),
  }
}
