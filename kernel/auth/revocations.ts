import { LRUCache } from 'lru-cache'
import type { Bus } from '../bus/bus.ts'
import type { Log } from '../log.ts'

/** A key or session ended before its time; the event's key is the principal of its identities. */
const topic = 'key.revoked'

/** How long a revocation is remembered, in ms: several times what an identity signed before it lives. */
const rememberedFor = 300_000
const most = 10_000

/** The principals whose identities are no longer good, although their signatures are. */
export interface Revocations {
  has(principal: string): boolean
}

export interface RevocationList extends Revocations {
  /** Adds what the bus tells, from what was revoked a while ago on, until `signal` aborts; `revoked` hears of each. */
  follow(bus: Pick<Bus, 'tail' | 'origin'>, signal: AbortSignal, revoked?: () => void): Promise<void>
}

export function openRevocationList(): RevocationList {
  const principals = new LRUCache<string, true>({ max: most, ttl: rememberedFor })
  return {
    has: principal => principals.has(principal),
    async follow(bus, signal, revoked) {
      for await (const events of bus.tail({ topics: [topic], after: bus.origin, signal })) {
        const fresh = events.filter(({ at }) => Date.now() - Date.parse(at) < rememberedFor)
        for (const { key } of fresh) principals.set(key, true)
        if (fresh.length > 0) revoked?.()
      }
    },
  }
}

/** What is revoked, for a service with a bus of its own. */
export function followRevocations(bus: Bus, log: Log): Revocations & AsyncDisposable {
  const list = openRevocationList()
  const leaving = new AbortController()
  const following = list
    .follow(bus, leaving.signal)
    .catch(error => log.error({ err: error }, 'revocations are no longer followed'))
  return {
    has: list.has,
    async [Symbol.asyncDispose]() {
      leaving.abort()
      await following
    },
  }
}
