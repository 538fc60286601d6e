import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  TaskCancelledError,
} from 'cockatiel'
import { DomainError, unavailable } from '../../kernel/errors.ts'
import type { Client } from '../http/client.ts'
import type { GatewayMetrics } from '../metrics/metrics.ts'

/** Fetches that fail one after the other, retries and all, upon which a subgraph is left alone, and for how long, in ms. */
const failuresToOpen = 10
const leftAloneFor = 1_000
/** Times that a query is asked again, and the waits before that, in ms; jitter keeps gateways from asking in step. */
const maxRetries = 2
const backoff = { initialDelay: 50, maxDelay: 500 }

export interface Attempts {
  /** Makes the attempt, and when it can do no harm again: what failed on its way, or was no answer. */
  run<T>(attempt: () => Promise<T>, isIdempotent: boolean, client: Client | undefined): Promise<T>
}

/** Guards the fetches of one subgraph: while it fails at everything, requests fail at once instead of waiting for it. */
export function guardedAttempts(service: string, metrics?: Pick<GatewayMetrics, 'retry' | 'breaker'>): Attempts {
  const breaker = circuitBreaker(handleWhen(isFailure), {
    halfOpenAfter: leftAloneFor,
    breaker: new ConsecutiveBreaker(failuresToOpen),
  })
  const retries = retry(handleWhen(isPassing), { maxAttempts: maxRetries, backoff: new ExponentialBackoff(backoff) })
  retries.onRetry(() => metrics?.retry(service))
  metrics?.breaker(service, 0)
  breaker.onReset(() => metrics?.breaker(service, 0))
  breaker.onHalfOpen(() => metrics?.breaker(service, 1))
  breaker.onBreak(() => metrics?.breaker(service, 2))
  const repeated = <T>(attempt: () => Promise<T>, client: Client | undefined): Promise<T> =>
    attempt().catch(error => {
      // The policy counts the attempt that has failed as its first.
      const failed = Promise.reject<T>(error)
      return retries.execute(({ attempt: retry }) => (retry === 0 ? failed : attempt()), client?.signal)
    })
  return {
    async run(attempt, isIdempotent, client) {
      try {
        return await breaker.execute(() => (isIdempotent ? repeated(attempt, client) : attempt()))
      } catch (error) {
        if (error instanceof BrokenCircuitError)
          throw unavailable(`The service "${service}" fails at everything now: try again in a few seconds.`, error)
        if (error instanceof TaskCancelledError)
          throw unavailable(`The client left before "${service}" answered.`, error)
        throw error
      }
    },
  }
}

/** Whether it says something about the subgraph: a client that left does not. */
export const isFailure = (error: unknown): boolean =>
  error instanceof Error && error.name !== 'AbortError' && !(error instanceof TaskCancelledError)

const passingCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT'])

/** Whether the next attempt may well succeed: the connection broke, or something before the subgraph answered. */
function isPassing(error: unknown): boolean {
  if (error instanceof DomainError) return error.code === 'UNAVAILABLE'
  return error instanceof Error && 'code' in error && passingCodes.has(String(error.code))
}
