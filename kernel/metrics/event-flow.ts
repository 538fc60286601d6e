import type { Pool } from 'pg'
import { Counter, type Registry } from 'prom-client'
import { measure, orUnknown } from './readings.ts'

type Outcome = 'handled' | 'retried' | 'parked'

/** How far a consumer is behind the log. */
interface Follower {
  readonly name: string
  /** Age in ms of the first event that it has not handled, 0 when there is none. */
  lagMs(): Promise<number>
  /** Events that it has not handled, counted up to a bound. */
  behind(): Promise<number>
}

export interface EventFlow {
  count(consumer: string, topic: string, outcome: Outcome): void
  follow(follower: Follower): Disposable
}

/** What a service's consumers have done, and what they have not done yet. */
export function openEventFlow(registry: Registry): EventFlow {
  const followers = new Set<Follower>()
  const events = new Counter({
    name: 'forge_consumer_events_total',
    help: 'Events by what became of them: handled, retried, or parked in dead_event.',
    labelNames: ['consumer', 'topic', 'outcome'],
    registers: [registry],
  })
  const ofEach = (read: (follower: Follower) => Promise<number>) => () =>
    Promise.all(
      [...followers].map(async follower => ({
        labels: { consumer: follower.name },
        value: await orUnknown(read(follower)),
      })),
    )
  measure(registry, {
    name: 'forge_consumer_lag_seconds',
    help: 'Age of the first event that is not handled yet, 0 when there is none.',
    labels: ['consumer'],
    read: ofEach(async ({ lagMs }) => (await lagMs()) / 1_000),
  })
  measure(registry, {
    name: 'forge_consumer_lag_events',
    help: 'Events between the head of the log and the place of the consumer, counted to 1000.',
    labels: ['consumer'],
    read: ofEach(({ behind }) => behind()),
  })
  return {
    count: (consumer, topic, outcome) => events.inc({ consumer, topic, outcome }),
    follow(follower) {
      followers.add(follower)
      return { [Symbol.dispose]: () => void followers.delete(follower) }
    },
  }
}

/** What waits in a service's outbox. */
export function measureOutbox(registry: Registry, pool: Pool): void {
  const ask = async (expression: string) => {
    const { rows } = await pool.query<{ value: number }>(`SELECT ${expression}::float8 AS value FROM outbox`)
    return rows[0]!.value
  }
  measure(registry, {
    name: 'forge_outbox_rows',
    help: 'Events that wait to be published.',
    read: async () => [{ value: await orUnknown(ask('count(*)')) }],
  })
  measure(registry, {
    name: 'forge_outbox_oldest_age_seconds',
    help: 'Age of the event that has waited longest to be published, 0 when none waits.',
    read: async () => [
      { value: await orUnknown(ask('greatest(coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0), 0)')) },
    ],
  })
}
