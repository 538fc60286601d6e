import type { ExecutionResult, GraphQLError } from 'graphql'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

/** Events that wait for a slow client before the connection to the subgraph is paused, which then decides by its policy. */
const maxWaiting = 64
/** Interval of pings to the subgraph, and how long it may take to answer one, in ms. */
const keepAlive = 12_000
/** Largest message of a subgraph, in bytes. */
const maxPayload = 16_000_000

/** The connection broke before the subgraph completed the subscription. */
export class UpstreamLost extends Error {}

class UpstreamSocket extends WebSocket {
  constructor(url: string, protocols: string) {
    super(url, protocols, { maxPayload, handshakeTimeout: 5_000, perMessageDeflate: false })
  }
}

export interface UpstreamRequest {
  /** The subgraph's GraphQL endpoint, http: or https:. */
  readonly url: string
  authorization(): Promise<string>
  readonly payload: { readonly query: string; readonly variables: Record<string, unknown> }
  readonly signal: AbortSignal
}

/**
 * One subscription on a connection of its own, until it completes, the signal fires, or the connection breaks, which
 * throws UpstreamLost. Waiting events are bounded: the socket is paused meanwhile.
 */
export async function* receive({
  url,
  authorization,
  payload,
  signal,
}: UpstreamRequest): AsyncGenerator<ExecutionResult> {
  const waiting: ExecutionResult[] = []
  let changed = Promise.withResolvers<void>()
  let end: { readonly error?: Error } | undefined
  let socket: WebSocket | undefined
  let pong: NodeJS.Timeout | undefined

  const finish = (error?: Error) => {
    end ??= { error }
    changed.resolve()
  }
  const add = (event: ExecutionResult) => {
    waiting.push(event)
    if (waiting.length === maxWaiting) socket?.pause()
    changed.resolve()
  }

  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: UpstreamSocket,
    connectionParams: async () => ({ authorization: await authorization() }),
    retryAttempts: 0,
    keepAlive,
    on: {
      opened: opened => {
        socket = opened as WebSocket
      },
      ping: received => {
        if (!received) pong = setTimeout(() => client.terminate(), keepAlive)
      },
      pong: received => {
        if (received) clearTimeout(pong)
      },
      // After some codes graphql-ws subscribes again by itself, and what happened in between would be lost unnoticed.
      closed: event => {
        const { code, reason } = event as { code?: number; reason?: string }
        finish(new UpstreamLost(`the connection was closed with code ${code} ${reason ?? ''}`.trimEnd()))
        unsubscribe()
      },
    },
  })
  const unsubscribe = client.subscribe(payload, {
    next: event => add(event as ExecutionResult),
    error: error => {
      if (Array.isArray(error)) {
        add({ errors: error as GraphQLError[] })
        finish()
      } else finish(new UpstreamLost('the connection could not be made', { cause: error }))
    },
    complete: () => finish(),
  })
  const leave = () => finish()
  signal.addEventListener('abort', leave, { once: true })

  try {
    while (!signal.aborted) {
      const event = waiting.shift()
      if (event) {
        if (waiting.length === 0) socket?.resume()
        yield event
      } else if (end?.error) throw end.error
      else if (end) return
      else {
        await changed.promise
        changed = Promise.withResolvers<void>()
      }
    }
  } finally {
    signal.removeEventListener('abort', leave)
    clearTimeout(pong)
    unsubscribe()
    // A paused socket would never read the answer to its close.
    socket?.resume()
  }
}
