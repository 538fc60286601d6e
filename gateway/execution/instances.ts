import { Pool } from 'undici'
import { peerConnector } from '../../kernel/tls/client.ts'
import type { PeerTls } from '../../kernel/tls/credentials.ts'

/** One address at which a subgraph is served. */
export interface Instance {
  /** Its GraphQL endpoint, and the path of that. */
  readonly url: string
  readonly path: string
  readonly pool: Pool
}

/** Where a subgraph is served, by as many processes as it has addresses. */
export interface Instances extends AsyncDisposable {
  /** The next in turn of those that are not ejected; of all ejected ones that whose time is over first. */
  next(): Instance
  /** Leaves one out after a failure: for a second, and for twice as long each time until it answers again. */
  eject(instance: Instance): void
  /** Notes that it has answered. */
  trust(instance: Instance): void
}

export interface InstanceOptions {
  /** Time until the first byte of an answer, and between two of them, in ms. */
  readonly timeout: number
  readonly tls?: PeerTls
  onEject?(): void
}

/** Connections to one instance; HTTP/1.1 answers one request at a time on each. */
const maxConnections = 128
/** How long the first ejection lasts, and any at most, in ms. */
const firstEjection = 1_000
const longestEjection = 60_000

export function openInstances(urls: readonly string[], { timeout, tls, onEject }: InstanceOptions): Instances {
  const connect = peerConnector(tls)
  const instances = urls.map(url => ({ instance: openInstance(url, { timeout, connect }), lasts: 0, until: 0 }))
  const stateOf = new Map(instances.map(state => [state.instance, state]))
  let turn = 0
  return {
    next() {
      const now = performance.now()
      for (let tried = 0; tried < instances.length; tried++) {
        turn = (turn + 1) % instances.length
        if (instances[turn]!.until <= now) return instances[turn]!.instance
      }
      return instances.reduce((soonest, state) => (state.until < soonest.until ? state : soonest)).instance
    },
    eject(instance) {
      const state = stateOf.get(instance)!
      const now = performance.now()
      // Requests that were under way together fail together: they count as one.
      if (state.until > now) return
      state.lasts = Math.min(longestEjection, Math.max(firstEjection, 2 * state.lasts))
      state.until = now + state.lasts
      if (instances.length > 1) onEject?.()
    },
    trust(instance) {
      const state = stateOf.get(instance)!
      state.lasts = 0
      state.until = 0
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(instances.map(({ instance }) => instance.pool.destroy()))
    },
  }
}

function openInstance(
  url: string,
  { timeout, connect }: { readonly timeout: number; readonly connect: ReturnType<typeof peerConnector> },
): Instance {
  const { origin, pathname, search } = new URL(url)
  const pool = new Pool(origin, {
    connections: maxConnections,
    connect,
    headersTimeout: timeout,
    bodyTimeout: timeout,
  })
  return { url, path: pathname + search, pool }
}
