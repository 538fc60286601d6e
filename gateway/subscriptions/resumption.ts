import type { ExecutionResult } from 'graphql'
import { backoff, pause } from '../../kernel/resilience/pause.ts'
import type { OperationScope } from '../context.ts'
import type { Variables } from '../execution/execution.ts'
import type { Subgraph } from '../execution/subgraph.ts'
import type { Client } from '../http/client.ts'
import { receive, UpstreamLost } from './upstream.ts'
import { type SharedConnections, upstreamConnection } from './upstream-connection.ts'
import type { UpstreamOperation } from './upstream-operation.ts'

/** A connection that held this long ends an outage even when no event came over it, in ms. */
const steady = 10_000
/** Events that wait for a slow client before the connection to the subgraph is paused, which then decides by its policy. */
const maxWaitingOwn = 64
/** Events that wait on a shared connection, which cannot be paused; beyond, the subscription is begun anew. */
const maxWaitingShared = 1_024

export interface Upstream {
  readonly subgraph: Subgraph
  readonly operation: UpstreamOperation
  readonly variables: Variables
  /** The cursor to begin behind. */
  readonly after: string | undefined
  readonly scope: OperationScope & { readonly client: Client }
  /** How long a lost subgraph is waited for, in ms. */
  readonly patience: number
  /** Connections that are shared by those with the same rights; without, every attempt makes one of its own. */
  readonly shared?: { readonly connections: SharedConnections; readonly rights: string }
}

/**
 * A subscription's events over as many connections as it takes: after a loss it goes on from the last cursor. Ends with
 * an UNAVAILABLE result when the subgraph stays lost, or when there is no cursor: nobody could tell what was missed
 * then, so the client has to know.
 */
export async function* follow(upstream: Upstream): AsyncGenerator<ExecutionResult> {
  const { subgraph, operation, variables, scope, patience } = upstream
  let cursor = upstream.after
  let lostAt: number | undefined
  let attempt = 0

  while (!scope.client.hasLeft) {
    const startedAt = Date.now()
    try {
      for await (const event of subscription(upstream, cursor)) {
        if (cursor && isUnavailable(event)) throw new UpstreamLost('the subgraph is not ready yet')
        cursor = operation.cursorOf(event) ?? cursor
        lostAt = undefined
        attempt = 0
        yield event
      }
      return
    } catch (error) {
      if (!(error instanceof UpstreamLost)) throw error
      scope.log.warn({ service: subgraph.name, err: error, cursor }, 'a subscription lost its subgraph')
      if (Date.now() - startedAt > steady) lostAt = undefined
      lostAt ??= Date.now()
      if (!cursor || Date.now() - lostAt > patience) {
        yield lost(subgraph.name)
        return
      }
      await pause(backoff(++attempt), scope.client.signal)
    }
  }

  async function* subscription({ shared }: Upstream, after: string | undefined): AsyncGenerator<ExecutionResult> {
    const { signal } = scope.client
    const authorization = async () => (await subgraph.headers(scope)).authorization!
    const connect = () => upstreamConnection(subgraph.instances.next().url, authorization, subgraph.tls)
    const { authorization: identity, traceparent, 'x-request-id': requestId } = await subgraph.headers(scope)
    const request = { ...operation.payload(variables, after), extensions: { requestId, traceparent } }
    if (!shared) {
      yield* receive({ connection: connect(), payload: request, signal, maxWaiting: maxWaitingOwn, whenFull: 'pause' })
      return
    }
    // The identity that opened the connection expires before the connection does: each subscription brings a new one.
    const payload = { ...request, extensions: { ...request.extensions, authorization: identity } }
    using held = shared.connections.hold(`${subgraph.name} ${shared.rights}`, connect)
    yield* receive({ ...held, payload, signal, maxWaiting: maxWaitingShared, whenFull: 'leave' })
  }
}

const isUnavailable = ({ data, errors }: ExecutionResult): boolean =>
  !data && errors?.some(({ extensions }) => extensions?.code === 'UNAVAILABLE') === true

export const lost = (service: string) =>
  ({
    errors: [
      {
        message: `The connection to "${service}" was lost: subscribe again, with \`after\` if the subscription takes it.`,
        extensions: { code: 'UNAVAILABLE', service },
      },
    ],
  }) as unknown as ExecutionResult
