import { Pool } from 'pg'
import type { Log } from '../log.ts'
import { createBell } from './bell.ts'
import type { Bus, BusEvent, EventDraft, EventFilter, Position, Retention } from './bus.ts'
import { openListener, toPayloads } from './postgres-listener.ts'
import { migrateBus } from './postgres-schema.ts'
import { everyMinute } from './sweeper.ts'
import { tailLog } from './tail.ts'

const origin: Position = '0'
/** Of a 64-bit integer. */
const highest: Position = '9223372036854775807'

/** Events that one statement of the sweep drops at most. */
const sweepBatch = 1_000

interface Row extends Omit<EventDraft, 'at' | 'traceparent'> {
  readonly position: string
  readonly at: Date
  readonly traceparent: string | null
}

/** The event log in the schema `bus` of the database at `url`, which it creates. Positions are 64-bit integers. */
export async function openPostgresBus(url: string, retention: Retention, log: Log): Promise<Bus> {
  const pool = new Pool({
    connectionString: url,
    max: 6,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    application_name: 'forge bus',
  })
  pool.on('error', error => log.warn({ err: error }, 'A connection to the event log is lost.'))
  const bell = createBell()
  await using opening = new AsyncDisposableStack()
  opening.defer(() => pool.end())
  const id = await migrateBus(pool)
  opening.use(await openListener(url, bell, log))
  const parts = opening.move()

  const bus: Bus = {
    id,
    origin,
    async publish(events) {
      const durable = events.filter(event => retention(event.topic) > 0)
      const payloads = events.filter(event => retention(event.topic) <= 0).flatMap(toPayloads)
      if (durable.length > 0) await append(pool, durable)
      if (payloads.length > 0) {
        await pool.query(`SELECT pg_notify('bus_ephemeral', payload) FROM unnest($1::text[]) AS payload`, [payloads])
      }
    },
    read: ({ after = origin, ...query }) => readEvents(pool, 'position > $1', 'ASC', after, query),
    readBack: ({ before = highest, ...query }) => readEvents(pool, 'position < $1', 'DESC', before, query),
    async head() {
      const { rows } = await pool.query<{ head: Position }>(
        'SELECT greatest((SELECT max(position) FROM bus.event), (SELECT max(floor) FROM bus.topic), 0) AS head',
      )
      return rows[0]!.head
    },
    async floor(topics) {
      const { rows } = await pool.query<{ floor: Position }>(
        'SELECT coalesce(max(floor), 0) AS floor FROM bus.topic WHERE $1::text[] IS NULL OR name = ANY ($1)',
        [topics ?? null],
      )
      return rows[0]!.floor
    },
    compare: (a, b) => Number(BigInt(a) - BigInt(b)),
    isPosition: (text): text is Position => /^\d{1,18}$/.test(text),
    tail: query => tailLog({ read: bus.read, compare: bus.compare, bell, log }, query),
    sweep: () => sweep(pool, retention),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
  parts.use(everyMinute(() => bus.sweep(), log))
  return bus
}

const append = (pool: Pool, events: readonly EventDraft[]) =>
  pool.query('SELECT bus.publish($1, $2, $3, $4, $5, $6, $7)', [
    events.map(event => event.id),
    events.map(event => event.topic),
    events.map(event => event.key),
    events.map(event => event.project),
    events.map(event => event.at),
    events.map(event => JSON.stringify(event.data)),
    events.map(event => event.traceparent ?? null),
  ])

async function readEvents(
  pool: Pool,
  side: 'position > $1' | 'position < $1',
  order: 'ASC' | 'DESC',
  from: Position,
  { topics, key, limit = 500 }: EventFilter & { limit?: number },
): Promise<readonly BusEvent[]> {
  const { rows } = await pool.query<Row>(
    `SELECT position, id, topic, key, project, at, data, traceparent FROM bus.event
     WHERE ${side} AND ($2::text[] IS NULL OR topic = ANY ($2)) AND ($3::text IS NULL OR key = $3)
     ORDER BY position ${order} LIMIT $4`,
    [from, topics ?? null, key ?? null, limit],
  )
  return rows.map(({ at, traceparent, ...row }) => ({
    ...row,
    at: at.toISOString(),
    ...(traceparent !== null && { traceparent }),
  }))
}

/** Within a topic the oldest events have the lowest positions, so each round looks at those only. */
async function sweep(pool: Pool, retention: Retention): Promise<void> {
  const { rows } = await pool.query<{ name: string }>('SELECT name FROM bus.topic')
  for (const { name } of rows) {
    for (let dropped = sweepBatch; dropped === sweepBatch; ) {
      const result = await pool.query<{ dropped: number }>(
        `WITH oldest AS (
           SELECT position, published_at FROM bus.event WHERE topic = $1 ORDER BY position LIMIT $3
         ), gone AS (
           DELETE FROM bus.event USING oldest
           WHERE event.position = oldest.position
             AND oldest.published_at <= clock_timestamp() - $2::float8 * interval '1 millisecond'
           RETURNING event.position
         ), moved AS (
           UPDATE bus.topic SET floor = greatest(floor, (SELECT max(position) FROM gone)) WHERE name = $1
         )
         SELECT count(*)::int AS dropped FROM gone`,
        [name, retention(name), sweepBatch],
      )
      dropped = result.rows[0]!.dropped
    }
  }
}
