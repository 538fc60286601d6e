import { openRevocationList, type Revocations } from '../../kernel/auth/revocations.ts'
import { openBusAt } from '../../kernel/bus/open.ts'
import type { Log } from '../../kernel/log.ts'
import { backoff, pause } from '../../kernel/resilience/pause.ts'
import { retention } from '../../schema/events.ts'

export interface FollowedRevocations extends Revocations, AsyncDisposable {
  /** Calls back whenever something was revoked. */
  onRevoked(listener: () => void): void
}

/**
 * What is revoked, as the bus at `url` tells it: at once instead of when a key is looked at again. A gateway needs no
 * bus to answer, so one that is away is only waited for.
 */
export function followRevocationsAt(url: string, log: Log): FollowedRevocations {
  const list = openRevocationList()
  const listeners = new Set<() => void>()
  const leaving = new AbortController()
  const { signal } = leaving
  const notify = () => {
    for (const listener of listeners) listener()
  }
  const follow = async () => {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await using bus = await openBusAt(url, retention, log)
        attempt = 1
        await list.follow(bus, signal, notify)
      } catch (error) {
        log.warn({ err: error }, 'revocations cannot be followed just now')
        await pause(backoff(attempt), signal)
      }
    }
  }
  const following = follow()
  return {
    has: list.has,
    onRevoked: listener => void listeners.add(listener),
    async [Symbol.asyncDispose]() {
      leaving.abort()
      await following
    },
  }
}
