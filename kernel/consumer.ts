import type { Client, Pool } from 'pg'
import type { Bus, BusEvent, Position } from './bus/bus.ts'
import { lead } from './database/leader.ts'
import { DomainError, type ErrorCode } from './errors.ts'
import type { Log } from './log.ts'
import { backoff, pause } from './resilience/pause.ts'
import { enter, SpanKind } from './telemetry/spans.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

/** Failures after which an event is put aside. */
const patience = 10

/** Events that are counted when it is asked how many wait. */
const countedAtMost = 1_000

/** To try again would only give the same answer. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['INVALID_INPUT', 'NOT_FOUND', 'CONFLICT'])

export interface ConsumerOptions {
  /** Of several consumers with the same name on one database, one works at a time. */
  readonly name: string
  readonly bus: Bus
  /** The service's own database, with the tables `consumer` and `dead_event`. */
  readonly pool: Pool
  readonly topics: readonly string[]
  /** Must be idempotent: after a crash the events of the last batch come again. */
  handle(event: BusEvent): Promise<void>
  readonly log: Log
  /** Where the consumer begins the first time it meets this bus. */
  readonly from: 'start' | 'now'
  readonly telemetry?: Telemetry
  /** Milliseconds before the first retry, doubling up to forty times that; default 50. */
  readonly retryMs?: number
}

export interface Consumer extends AsyncDisposable {
  /** How far this name has read, and the age in milliseconds of the first event that it has not (0 when caught up). */
  lag(): Promise<{ readonly position: Position; readonly ms: number }>
}

/**
 * Hands every event of `topics` to `handle`, one after another, at least once. A failure is retried; after ten, or at
 * once when the answer is final, the event goes to `dead_event` and those behind it go on.
 */
export function startConsumer(options: ConsumerOptions): Consumer {
  const { name, bus, pool, topics } = options
  const log = options.log.child({ consumer: name })
  const working = lead({
    name: `consumer ${name}`,
    pool,
    log,
    work: (client, signal) => consume(client, { ...options, log }, signal),
  })
  const place = async () => (await findPosition(pool, name, bus)) ?? bus.origin
  const lag = async () => {
    const position = await place()
    const [next] = await bus.read({ topics, after: position, limit: 1 })
    return { position, ms: next ? Math.max(0, Date.now() - Date.parse(next.at)) : 0 }
  }
  const following = options.telemetry?.flow.follow({
    name,
    lagMs: async () => (await lag()).ms,
    behind: async () => (await bus.read({ topics, after: await place(), limit: countedAtMost })).length,
  })
  return {
    lag,
    [Symbol.asyncDispose]() {
      following?.[Symbol.dispose]()
      return working[Symbol.asyncDispose]()
    },
  }
}

async function consume(client: Client, options: ConsumerOptions, signal: AbortSignal): Promise<void> {
  const { name, bus, topics, log, from } = options
  const known = await findPosition(client, name, bus)
  const after = known ?? (from === 'now' ? await bus.head() : bus.origin)
  if (known === undefined) await savePosition(client, name, bus, after)
  else if (bus.compare(await bus.floor(topics), after) > 0) {
    log.error({ after }, 'Events were dropped for their age before this consumer read them.')
  }

  for await (const batch of bus.tail({ topics, after, signal })) {
    let done: Position | undefined
    for (const event of batch) {
      if (!(await traced(event, options, () => settle(client, event, options, signal)))) break
      done = event.position
    }
    if (done !== undefined) await savePosition(client, name, bus, done)
  }
}

/** What is done with an event belongs to the trace that the event came with. */
const traced = <T>({ topic, id, traceparent }: BusEvent, { name, telemetry }: ConsumerOptions, work: () => T): T =>
  enter(
    {
      name: `consume ${topic}`,
      kind: SpanKind.CONSUMER,
      tracer: traceparent === undefined ? undefined : telemetry?.tracer,
      traceparent,
      labels: { event: id },
      attributes: {
        'messaging.destination.name': topic,
        'messaging.message.id': id,
        'messaging.consumer.group.name': name,
        'messaging.operation.type': 'process',
      },
    },
    work,
  )

/** True when the event is handled or put aside, false when the work was stopped before. */
async function settle(
  client: Client,
  event: BusEvent,
  { name, handle, log, telemetry, retryMs = 50 }: ConsumerOptions,
  signal: AbortSignal,
): Promise<boolean> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      await handle(event)
      telemetry?.flow.count(name, event.topic, 'handled')
      return true
    } catch (error) {
      const given = { err: error, event: event.id, topic: event.topic, failures }
      const hopeless = error instanceof DomainError && final.has(error.code)
      if (hopeless || failures >= patience) {
        // Throws when the database is away, and then the event is tried again instead.
        await park(client, name, event, error)
        telemetry?.flow.count(name, event.topic, 'parked')
        log.error(given, 'An event could not be handled; it is in dead_event.')
        return true
      }
      telemetry?.flow.count(name, event.topic, 'retried')
      log.warn(given, 'An event could not be handled; trying again.')
      await pause(backoff(failures, retryMs, 40 * retryMs), signal)
    }
  }
  return false
}

async function findPosition(db: Pool | Client, name: string, bus: Bus): Promise<Position | undefined> {
  const { rows } = await db.query<{ position: Position }>(
    'SELECT position FROM consumer WHERE name = $1 AND bus = $2',
    [name, bus.id],
  )
  return rows[0]?.position
}

/** On the connection that holds the lock: whoever has lost it can not set the position back. */
const savePosition = (client: Client, name: string, bus: Bus, position: Position) =>
  client.query(
    `INSERT INTO consumer (name, bus, position) VALUES ($1, $2, $3)
     ON CONFLICT (name, bus) DO UPDATE SET position = excluded.position, updated_at = now()`,
    [name, bus.id, position],
  )

function park(client: Client, name: string, event: BusEvent, error: unknown) {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return client.query(
    `INSERT INTO dead_event (id, consumer, topic, event, error) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (id, consumer) DO UPDATE SET error = excluded.error, failed_at = now()`,
    [event.id, name, event.topic, withoutZero(JSON.stringify(event)), withoutZero(reason)],
  )
}

/** JSONB and TEXT take every character but U+0000. */
const withoutZero = (text: string) => text.replaceAll('\u0000', '\ufffd').replaceAll('\\u0000', '\\ufffd')
