import type { Client, Pool } from 'pg'
import { createBell } from './bus/bell.ts'
import type { Bus } from './bus/bus.ts'
import { lead } from './database/leader.ts'
import { newId } from './ids.ts'
import type { Log } from './log.ts'
import { measureOutbox } from './metrics/event-flow.ts'
import { backoff, pause } from './resilience/pause.ts'
import { currentTraceparent } from './telemetry/correlation.ts'
import { publications } from './telemetry/publications.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

const batchSize = 200
/** A notification is lost with its connection only, and then the relay looks anyway. */
const pollMs = 5_000

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** A row of the table `outbox`, as Prisma's `outbox.create({ data })` takes it. */
export interface OutboxRow<Topic extends string = string> {
  readonly id: string
  readonly topic: Topic
  readonly key: string
  readonly project: string
  readonly at: Date
  readonly data: { readonly [key: string]: Json }
  /** W3C trace context of what wrote it. */
  readonly traceparent?: string
}

/**
 * Makes rows whose data is what `validate` promises for their topic (schema/events.ts: `createOutbox<TopicData>(eventData)`).
 * Write the row in the transaction that changes the state, *after* the change: its position is given when it is
 * inserted, and only a transaction that already holds the entity's row keeps a later one of that entity behind itself.
 */
export const createOutbox =
  <Data extends object>(validate: <T extends keyof Data & string>(topic: T, data: unknown) => Data[T]) =>
  <T extends keyof Data & string>(
    topic: T,
    about: { readonly key: string; readonly project: string; readonly data: Data[T] },
    at: Date,
  ): OutboxRow<T> => ({
    id: newId('evt'),
    topic,
    key: about.key,
    project: about.project,
    at,
    data: validate(topic, about.data) as OutboxRow['data'],
    traceparent: currentTraceparent(),
  })

interface Row {
  readonly position: string
  readonly id: string
  readonly topic: string
  readonly key: string
  readonly project: string
  readonly at: Date
  readonly data: unknown
  readonly traceparent: string | null
}

interface RelayOptions {
  readonly pool: Pool
  readonly bus: Bus
  readonly log: Log
  readonly telemetry?: Telemetry
}

/**
 * Publishes the rows of `outbox` in the order of their positions and deletes what the bus has taken. An event leaves at
 * least once, and the bus drops the second by its id. A row that commits late is only published late: what its
 * transaction could not see can not have depended on it, so cause still comes before effect.
 */
export function startRelay({ pool, ...options }: RelayOptions): AsyncDisposable {
  if (options.telemetry) measureOutbox(options.telemetry.metrics, pool)
  return lead({
    name: 'outbox relay',
    pool,
    log: options.log,
    work: (client, signal) => relay(client, options, signal),
  })
}

async function relay(
  client: Client,
  { bus, log, telemetry }: Omit<RelayOptions, 'pool'>,
  signal: AbortSignal,
): Promise<void> {
  const bell = createBell()
  using ear = bell.listen({})
  // The trigger `outbox_notify`, a migration of every service, notifies when a transaction that wrote rows commits.
  client.on('notification', () => bell.ring())
  await client.query('LISTEN outbox')

  let failures = 0
  while (!signal.aborted) {
    ear.hear()
    const { rows } = await client.query<Row>(
      'SELECT position, id, topic, key, project, at, data, traceparent FROM outbox ORDER BY position LIMIT $1',
      [batchSize],
    )
    if (rows.length === 0) {
      await ear.rung(pollMs, signal)
      continue
    }
    try {
      await publications(telemetry?.tracer, rows.map(toDraft), drafts => bus.publish(drafts))
      failures = 0
    } catch (error) {
      failures += 1
      log.warn({ err: error, failures }, 'The event log takes no events; they wait in the outbox.')
      await pause(backoff(failures), signal)
      continue
    }
    await client.query('DELETE FROM outbox WHERE position = ANY ($1)', [rows.map(row => row.position)])
    // What was committed since that read has rung.
    if (rows.length < batchSize) await ear.rung(pollMs, signal)
  }
}

const toDraft = ({ position: _, at, traceparent, ...row }: Row) => ({
  ...row,
  at: at.toISOString(),
  ...(traceparent !== null && { traceparent }),
})
