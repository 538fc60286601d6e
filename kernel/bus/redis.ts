import { createClient } from 'redis'
import { newId } from '../ids.ts'
import type { Log } from '../log.ts'
import { backoff } from '../resilience/pause.ts'
import { createBell, matches } from './bell.ts'
import type { Bus, BusEvent, EventDraft, EventFilter, Position, Retention } from './bus.ts'
import { scripts } from './redis-scripts.ts'
import { everyMinute } from './sweeper.ts'
import { tailLog } from './tail.ts'

const origin: Position = '0-0'
const sweepBatch = 500

/**
 * The event log in Redis Streams under `prefix`. What it holds is as durable as the server is set up to be: run it with
 * `appendonly yes`, `appendfsync always` and `maxmemory-policy noeviction`.
 */
export async function openRedisBus(
  url: string,
  retention: Retention,
  log: Log,
  { prefix = 'forge:{bus}', name = 'forge-bus' } = {},
): Promise<Bus> {
  await using opening = new AsyncDisposableStack()
  const client = opening.adopt(createConnection(url, name, log), disconnect)
  await client.connect()
  await client.set(`${prefix}:identity`, newId('bus'), { condition: 'NX' })
  const id = (await client.get(`${prefix}:identity`))!

  // Channels are common to all databases of a server, streams are not: hence the identity.
  const channels = { grown: `${prefix}:${id}:grown`, ephemeral: `${prefix}:${id}:ephemeral` }
  const bell = createBell()
  const subscriber = opening.adopt(createConnection(url, name, log), disconnect)
  await subscriber.connect()
  await subscriber.subscribe(channels.grown, json => bell.ring(JSON.parse(json)))
  await subscriber.subscribe(channels.ephemeral, json => bell.hand(JSON.parse(json)))
  subscriber.on('ready', () => bell.ring())
  const parts = opening.move()

  const bus: Bus = {
    id,
    origin,
    async publish(events) {
      const durable = events.filter(event => retention(event.topic) > 0)
      const ephemeral = events.filter(event => retention(event.topic) <= 0)
      if (durable.length > 0) {
        await client.publishEvents([prefix, channels.grown, ...durable.flatMap(event => toArguments(event, retention))])
      }
      await Promise.all(ephemeral.map(event => client.publish(channels.ephemeral, JSON.stringify(event))))
    },
    read: query => readEvents(client, prefix, query),
    readBack: query => readEventsBack(client, prefix, query),
    head: async () => (await client.get(`${prefix}:last`)) ?? origin,
    async floor(topics) {
      const floors = Object.entries(await client.hGetAll(`${prefix}:floors`))
      return floors
        .filter(([topic]) => topics === undefined || topics.includes(topic))
        .reduce((newest, [, floor]) => (comparePositions(floor, newest) > 0 ? floor : newest), origin)
    },
    compare: comparePositions,
    isPosition: (text): text is Position => /^\d{1,15}-\d{1,15}$/.test(text),
    tail: query => tailLog({ read: bus.read, compare: comparePositions, bell, log }, query),
    async sweep() {
      for (const topic of await client.hKeys(`${prefix}:floors`)) {
        const asked = [prefix, topic, String(retention(topic)), String(sweepBatch)]
        while ((await client.sweepTopic(asked)) === sweepBatch);
      }
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
  parts.use(everyMinute(() => bus.sweep(), log))
  return bus
}

type Connection = ReturnType<typeof createConnection>

/** Fails at once while it is cut off, rather than holding calls back; connects again by itself once it was connected. */
function createConnection(url: string, name: string, log: Log) {
  let opened = false
  const client = createClient({
    url,
    name,
    scripts,
    disableOfflineQueue: true,
    pingInterval: 10_000,
    socket: {
      keepAlive: true,
      reconnectStrategy: (retries, cause) => (opened ? backoff(retries + 1, 50, 2_000) : cause),
    },
  })
  client.on('error', (error: unknown) => log.warn({ err: error }, 'The connection to the event log is lost.'))
  client.once('ready', () => {
    opened = true
  })
  return client
}

async function disconnect(client: Connection): Promise<void> {
  if (client.isReady) await client.close()
  else if (client.isOpen) client.destroy()
}

const toArguments = (event: EventDraft, retention: Retention): readonly string[] => [
  event.id,
  event.topic,
  event.key,
  String(retention(event.topic)),
  JSON.stringify(event),
]

/** What is newer than the head at the beginning is left out: it may show in one stream before another is read. */
async function readEvents(
  client: Connection,
  prefix: string,
  { after = origin, limit = 500, ...filter }: EventFilter & { after?: Position; limit?: number },
): Promise<readonly BusEvent[]> {
  const head = (await client.get(`${prefix}:last`)) ?? origin
  if (comparePositions(after, head) >= 0) return []
  const streams = await streamsOf(client, prefix, filter)
  return firstMatches(filter, limit, comparePositions, `(${after}`, from =>
    streams.map(stream => client.xRange(stream, from, head, { COUNT: limit })),
  )
}

async function readEventsBack(
  client: Connection,
  prefix: string,
  { before, limit = 500, ...filter }: EventFilter & { before?: Position; limit?: number },
): Promise<readonly BusEvent[]> {
  const head = (await client.get(`${prefix}:last`)) ?? origin
  const start = before === undefined || comparePositions(before, head) > 0 ? head : `(${before}`
  const streams = await streamsOf(client, prefix, filter)
  const newestFirst = (a: Position, b: Position) => comparePositions(b, a)
  return firstMatches(filter, limit, newestFirst, start, from =>
    streams.map(stream => client.xRevRange(stream, from, '-', { COUNT: limit })),
  )
}

/** Those that hold what the filter selects, and more. */
async function streamsOf(client: Connection, prefix: string, { topics, key }: EventFilter): Promise<readonly string[]> {
  if (key !== undefined) return [`${prefix}:key:${key}`]
  return (topics ?? (await client.hKeys(`${prefix}:floors`))).map(topic => `${prefix}:topic:${topic}`)
}

type Entries = ReturnType<Connection['xRange']>

/** The first events that match in pages of `limit`, which `read` asks every stream for. */
async function firstMatches(
  filter: EventFilter,
  limit: number,
  order: (a: Position, b: Position) => number,
  start: string,
  read: (from: string) => readonly Entries[],
): Promise<readonly BusEvent[]> {
  const events: BusEvent[] = []
  for (let from = start; ; ) {
    const pages = await Promise.all(read(from))
    // Every stream gave its first `limit`, so the first `limit` of all are among these.
    const found = pages
      .flatMap(page => page ?? [])
      .sort((a, b) => order(a.id, b.id))
      .slice(0, limit)
    for (const { id, message } of found) {
      const event = { ...(JSON.parse(message.event!) as EventDraft), position: id }
      if (matches(filter, event)) events.push(event)
    }
    if (events.length >= limit || found.length < limit) return events.slice(0, limit)
    from = `(${found.at(-1)!.id}`
  }
}

function comparePositions(a: Position, b: Position): number {
  const [msA, countA] = a.split('-').map(Number)
  const [msB, countB] = b.split('-').map(Number)
  return msA! - msB! || countA! - countB!
}
