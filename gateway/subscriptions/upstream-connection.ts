import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { PeerTls } from '../../kernel/tls/credentials.ts'

/** Interval of pings to the subgraph, and how long it may take to answer one, in ms. */
const keepAlive = 12_000
/** Largest message of a subgraph, in bytes. */
const maxPayload = 16_000_000

const upstreamSocket = (tls: PeerTls | undefined) =>
  class extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, { ...tls?.credentials, maxPayload, handshakeTimeout: 5_000, perMessageDeflate: false })
    }
  }

/** A graphql-ws connection to a subgraph: made by its first subscription, closed when its last has ended. */
export interface UpstreamConnection extends Pick<Client, 'subscribe' | 'on'> {
  /** Stops and goes on reading what comes, of all its subscriptions. */
  pause(): void
  resume(): void
}

/** `url` is the subgraph's GraphQL endpoint, http: or https:. */
export function upstreamConnection(
  url: string,
  authorization: () => Promise<string>,
  tls?: PeerTls,
): UpstreamConnection {
  let socket: WebSocket | undefined
  let pong: NodeJS.Timeout | undefined
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: upstreamSocket(tls),
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
      closed: () => clearTimeout(pong),
    },
  })
  return {
    subscribe: client.subscribe,
    on: client.on,
    pause: () => socket?.pause(),
    resume: () => socket?.resume(),
  }
}

export interface SharedConnections {
  /** The connection of this name, for as long as it is held; the last to let go closes it. */
  hold(name: string, connect: () => UpstreamConnection): { readonly connection: UpstreamConnection } & Disposable
}

export function sharedConnections(): SharedConnections {
  const open = new Map<string, { readonly connection: UpstreamConnection; holders: number }>()
  return {
    hold(name, connect) {
      const shared = open.get(name) ?? { connection: connect(), holders: 0 }
      open.set(name, shared)
      shared.holders += 1
      return {
        connection: shared.connection,
        // Who comes later gets another one: this one closes, which would end a new subscription at once.
        [Symbol.dispose]() {
          shared.holders -= 1
          if (shared.holders === 0) open.delete(name)
        },
      }
    },
  }
}
