import { Client, type Pool } from 'pg'
import type { Log } from '../log.ts'
import { backoff, pause } from '../resilience/pause.ts'

const standbyMs = 1_000

export interface LeaderOptions {
  /** Only whoever holds the lock of this name in this database works. */
  readonly name: string
  readonly pool: Pool
  readonly log: Log
  /** Runs until `signal` aborts, on the connection that holds the lock; runs again after it has thrown. */
  work(client: Client, signal: AbortSignal): Promise<void>
}

/**
 * Of all processes that ask, one works and the others stand by. The lock belongs to a connection of its own, outside
 * the pool: when that breaks, the lock is free and the work is told to stop. So for a moment two may work.
 */
export function lead({ name, pool, log, work }: LeaderOptions): AsyncDisposable {
  const closing = new AbortController()

  const run = async () => {
    let failures = 0
    while (!closing.signal.aborted) {
      const lost = new AbortController()
      const client = new Client(pool.options)
      client.once('end', () => lost.abort())
      // `end` follows where the connection was made.
      client.on('error', error => log.debug({ err: error, name }, 'The connection that holds a lock is lost.'))
      try {
        await client.connect()
        const signal = AbortSignal.any([closing.signal, lost.signal])
        await acquire(client, name, signal)
        failures = 0
        if (!signal.aborted) await work(client, signal)
      } catch (error) {
        if (closing.signal.aborted) return
        failures += 1
        log.warn({ err: error, name, failures }, 'Background work was interrupted; beginning again.')
      } finally {
        await client.end()
      }
      await pause(backoff(Math.max(1, failures)), closing.signal)
    }
  }
  const running = run()

  return {
    async [Symbol.asyncDispose]() {
      closing.abort()
      await running
    },
  }
}

/** Does the work, and again so many milliseconds after it was done; of all processes that ask, one. */
export const leadEvery = (
  everyMs: number,
  { work, ...options }: Omit<LeaderOptions, 'work'> & { work(): Promise<void> },
): AsyncDisposable =>
  lead({
    ...options,
    async work(_, signal) {
      while (!signal.aborted) {
        await work()
        await pause(everyMs, signal)
      }
    },
  })

/** Asks again and again: to wait inside PostgreSQL would hold a snapshot open, and with it every dead row. */
async function acquire(client: Client, name: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { rows } = await client.query<{ held: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held',
      [`forge:${name}`],
    )
    if (rows[0]!.held) return
    await pause(standbyMs, signal)
  }
}
