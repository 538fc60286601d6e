import type pg from 'pg'
import type { Log } from '../log.ts'
import { backoff, pause } from '../resilience/pause.ts'

/** A connection that stands for a process using the embedded server. */
export interface Lease {
  readonly client: pg.Client
  /** Nothing is taken again from here on; resolves once nothing is being taken any more. */
  settle(): Promise<void>
}

/**
 * Holds a lease until it is settled. When it breaks, `retake` is asked for another: it starts a server that has died
 * again, on the same port, so that the connections of all that use it come back by themselves; it answers null for one
 * that was stopped.
 */
export function holdLease(first: pg.Client, retake: () => Promise<pg.Client | null>, log: Log): Lease {
  let client = first
  let isSettled = false
  let retaking: Promise<void> | undefined

  const watch = () =>
    client.once('end', () => {
      if (!isSettled) retaking = takeAgain()
    })

  async function takeAgain(): Promise<void> {
    for (let failures = 1; !isSettled; failures++) {
      try {
        const taken = await retake()
        if (!taken) return
        client = taken
        watch()
        return
      } catch (error) {
        log.error({ err: error, failures }, 'embedded PostgreSQL could not be started again')
        await pause(backoff(failures))
      }
    }
  }

  watch()
  return {
    get client() {
      return client
    },
    async settle() {
      isSettled = true
      await retaking
    },
  }
}
