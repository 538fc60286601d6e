import type { ExecutionResult } from 'graphql'
import { backoff, pause } from '../kernel/resilience/pause.ts'
import type { OperationScope } from './context.ts'
import type { Variables } from './execution.ts'
import type { Subgraph } from './subgraph.ts'
import { receive, UpstreamLost } from './upstream.ts'
import type { UpstreamOperation } from './upstream-operation.ts'

/** A connection that held this long ends an outage even when no event came over it, in ms. */
const steady = 10_000

export interface Upstream {
  readonly subgraph: Subgraph
  readonly operation: UpstreamOperation
  readonly variables: Variables
  readonly scope: OperationScope & { readonly signal: AbortSignal }
  /** How long a lost subgraph is waited for, in ms. */
  readonly patience: number
}

/**
 * A subscription's events over as many connections as it takes: after a loss it goes on from the last cursor. Ends with
 * an UNAVAILABLE result when the subgraph stays lost, or when there is no cursor: nobody could tell what was missed
 * then, so the client has to know.
 */
export async function* follow(upstream: Upstream): AsyncGenerator<ExecutionResult> {
  const { subgraph, operation, variables, scope, patience } = upstream
  const authorization = async () => (await subgraph.headers(scope)).authorization!
  let cursor = operation.start(variables)
  let lostAt: number | undefined
  let attempt = 0

  while (!scope.signal.aborted) {
    const startedAt = Date.now()
    try {
      const payload = operation.payload(variables, cursor)
      for await (const event of receive({ url: subgraph.url, authorization, payload, signal: scope.signal })) {
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
      await pause(backoff(++attempt), scope.signal)
    }
  }
}

const isUnavailable = ({ data, errors }: ExecutionResult): boolean =>
  !data && errors?.some(({ extensions }) => extensions?.code === 'UNAVAILABLE') === true

const lost = (service: string) =>
  ({
    errors: [
      {
        message: `The connection to "${service}" was lost: subscribe again, with \`after\` if the subscription takes it.`,
        extensions: { code: 'UNAVAILABLE', service },
      },
    ],
  }) as unknown as ExecutionResult
