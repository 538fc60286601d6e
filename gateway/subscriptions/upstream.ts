import type { ExecutionResult, GraphQLError } from 'graphql'
import type { UpstreamConnection } from './upstream-connection.ts'

/** The connection broke before the subgraph completed the subscription. */
export class UpstreamLost extends Error {}

export interface UpstreamRequest {
  readonly connection: UpstreamConnection
  readonly payload: {
    readonly query: string
    readonly variables: Record<string, unknown>
    readonly extensions?: Record<string, unknown>
  }
  readonly signal: AbortSignal
  /** Events that may wait for a slow reader. */
  readonly maxWaiting: number
  /**
   * Then the connection is paused, which holds the subgraph back (when the connection is this subscription's own), or the
   * subscription is left with UpstreamLost once what waits is read, to be begun anew where it stands.
   */
  readonly whenFull: 'pause' | 'leave'
}

/**
 * One subscription, until it completes, the signal fires, or the connection breaks, which throws UpstreamLost.
 */
export async function* receive({
  connection,
  payload,
  signal,
  maxWaiting,
  whenFull,
}: UpstreamRequest): AsyncGenerator<ExecutionResult> {
  const waiting: ExecutionResult[] = []
  let changed = Promise.withResolvers<void>()
  let end: { readonly error?: Error } | undefined

  const finish = (error?: Error) => {
    end ??= { error }
    changed.resolve()
  }
  const leave = (error: UpstreamLost) => {
    finish(error)
    unsubscribe()
  }
  const add = (event: ExecutionResult) => {
    if (end) return
    waiting.push(event)
    if (waiting.length === maxWaiting) {
      if (whenFull === 'pause') connection.pause()
      else leave(new UpstreamLost('events came faster than they could be passed on'))
    }
    changed.resolve()
  }

  // After some codes graphql-ws subscribes again by itself, and what happened in between would be lost unnoticed.
  const unlisten = connection.on('closed', event => {
    const { code, reason } = event as { code?: number; reason?: string }
    leave(new UpstreamLost(`the connection was closed with code ${code} ${reason ?? ''}`.trimEnd()))
  })
  const unsubscribe = connection.subscribe(payload, {
    next: event => add(event as ExecutionResult),
    error: error => {
      if (Array.isArray(error)) {
        add({ errors: error as GraphQLError[] })
        finish()
      } else finish(new UpstreamLost('the connection could not be made', { cause: error }))
    },
    complete: () => finish(),
  })
  const stop = () => finish()
  signal.addEventListener('abort', stop, { once: true })

  try {
    while (!signal.aborted) {
      const event = waiting.shift()
      if (event) {
        if (waiting.length === 0 && whenFull === 'pause') connection.resume()
        yield event
      } else if (end?.error) throw end.error
      else if (end) return
      else {
        await changed.promise
        changed = Promise.withResolvers<void>()
      }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    unlisten()
    unsubscribe()
    // A paused socket would never read the answer to its close.
    if (whenFull === 'pause') connection.resume()
  }
}
