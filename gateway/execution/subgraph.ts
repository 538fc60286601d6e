import type { Identity } from '../../kernel/auth/identity.ts'
import { inSpan, type Span, SpanKind, SpanStatusCode } from '../../kernel/telemetry/spans.ts'
import { writeTraceparent } from '../../kernel/telemetry/traceparent.ts'
import { checkPeerUrl } from '../../kernel/tls/client.ts'
import type { PeerTls } from '../../kernel/tls/credentials.ts'
import type { OperationScope } from '../context.ts'
import type { GatewayMetrics } from '../metrics/metrics.ts'
import type { Service, ServiceFetch } from '../plan/types.ts'
import { exchange } from './exchange.ts'
import { type Answer, publicError, readAnswer, transportError } from './failures.ts'
import { type Instances, openInstances } from './instances.ts'
import { guardedAttempts, isFailure } from './resilience.ts'

/** Time until the first byte of an answer, and between two of them, in ms: a generated text takes a while. */
const defaultTimeout = 60_000

export interface SubgraphOptions {
  readonly name: string
  /** Its GraphQL endpoint, at each process that serves it. */
  readonly urls: readonly string[]
  /** A signed identity for this subgraph. */
  sign(identity: Identity, audience: string): Promise<string>
  /** In ms. */
  readonly timeout?: number
  readonly tls?: PeerTls
  readonly metrics?: GatewayMetrics
}

export interface Subgraph extends Service, AsyncDisposable {
  readonly name: string
  readonly instances: Instances
  readonly tls: PeerTls | undefined
  /** Headers that carry the caller's identity and the trace to this subgraph. */
  headers(scope: OperationScope): Promise<Record<string, string>>
}

export function openSubgraph({ name, urls, sign, timeout = defaultTimeout, tls, metrics }: SubgraphOptions): Subgraph {
  for (const url of urls) checkPeerUrl(tls, url, `The URL of the subgraph "${name}"`)
  const instances = openInstances(urls, { timeout, tls, onEject: () => metrics?.eject(name) })

  const headers = async ({ identity, requestId, traceparent }: OperationScope) => ({
    authorization: `Bearer ${await sign(identity, name)}`,
    'x-request-id': requestId,
    ...(traceparent && { traceparent }),
  })

  const attempts = guardedAttempts(name, metrics)

  async function ask({ request, context: scope }: ServiceFetch, span: Span | undefined): Promise<Answer> {
    const { query, operationName, variables } = request
    const instance = instances.next()
    const message = {
      path: instance.path,
      headers: {
        ...(await headers(scope)),
        ...placeOf(span),
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({ query, operationName, variables }),
    }
    try {
      const { status, body } = await exchange(instance.pool, message, scope.client)
      const answer = readAnswer(name, status, body)
      instances.trust(instance)
      return answer
    } catch (error) {
      if (isFailure(error)) instances.eject(instance)
      throw error
    }
  }

  // Failures are answers too, so that the executor keeps what the other subgraphs gave.
  const process = (fetch: ServiceFetch): Promise<Answer> => {
    const { operationName } = fetch.request
    const attributes = { 'forge.subgraph': name, ...(operationName && { 'graphql.operation.name': operationName }) }
    return inSpan(`fetch ${name}`, { kind: SpanKind.CLIENT, attributes }, span => answered(fetch, span))
  }
  async function answered(fetch: ServiceFetch, span: Span | undefined): Promise<Answer> {
    const { request, context: scope } = fetch
    const began = performance.now()
    try {
      const answer = await attempts.run(() => ask(fetch, span), request.idempotent, scope.client)
      metrics?.fetch(name, performance.now() - began, answer.errors ? 'error' : 'ok')
      return { data: answer.data, errors: answer.errors?.map(error => publicError(name, error, scope)) }
    } catch (error) {
      metrics?.fetch(name, performance.now() - began, 'unreachable')
      span?.setStatus({ code: SpanStatusCode.ERROR })
      return { data: null, errors: [transportError(name, error, scope)] }
    }
  }

  return {
    name,
    instances,
    tls,
    headers,
    process,
    [Symbol.asyncDispose]: () => instances[Symbol.asyncDispose](),
  }
}

const placeOf = (span: Span | undefined) => span && { traceparent: writeTraceparent(span.spanContext()) }
