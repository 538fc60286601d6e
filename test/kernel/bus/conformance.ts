import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bus, BusEvent, EventDraft, EventFilter, Retention } from '../../../kernel/bus/bus.ts'
import { until } from '../../support/condition.ts'

export interface BusHarness extends AsyncDisposable {
  /** Another handle on the same log, as another process would have it. */
  open(retention: Retention): Promise<Bus>
  /** Cuts every connection that the open buses have; undefined where there is none. */
  readonly cut?: () => Promise<void>
}

const hour = 3_600_000
const retention: Retention = topic => (topic === 'chat.said' ? 0 : topic === 'job.progressed' ? 50 : hour)

let made = 0
function draft(over: Partial<EventDraft> = {}): EventDraft {
  made += 1
  return {
    id: `evt_${made}`,
    topic: 'job.queued',
    key: 'job_1',
    project: 'default',
    at: new Date(1_700_000_000_000 + made).toISOString(),
    data: { n: made },
    ...over,
  }
}
const drafts = (count: number, over: Partial<EventDraft> = {}) => Array.from({ length: count }, () => draft(over))
const ids = (events: readonly EventDraft[]) => events.map(event => event.id)

/** Collects a tail in the background. */
function follow(bus: Bus, filter: EventFilter & { after: string }) {
  const stop = new AbortController()
  const seen: BusEvent[] = []
  const ended = (async () => {
    for await (const batch of bus.tail({ ...filter, signal: stop.signal })) seen.push(...batch)
  })()
  return {
    seen,
    reach: (count: number) => until(`a tail of ${count} events`, () => seen.length >= count),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
    },
  }
}

/** What every event log must do, whatever it is made of. */
export function busConformance(name: string, openHarness: () => Promise<BusHarness>): void {
  describe(name, () => {
    let harness: BusHarness
    let bus: Bus
    beforeEach(async () => {
      harness = await openHarness()
      bus = await harness.open(retention)
    })
    afterEach(async () => {
      await bus[Symbol.asyncDispose]()
      await harness[Symbol.asyncDispose]()
    })

    it('gives events back in the order and the form in which they were published', async () => {
      const first = drafts(3)
      const odd = draft({ data: { text: 'zero \u0000 and \u{1f525}', none: null }, traceparent: '00-1-2-01' })
      await bus.publish(first)
      await bus.publish([odd])
      const read = await bus.read({})
      expect(read.map(({ position: _, ...event }) => event)).toEqual([...first, odd])
      const positions = read.map(event => event.position)
      expect(positions.every(bus.isPosition)).toBe(true)
      expect([...positions].sort(bus.compare)).toEqual(positions)
      expect(await bus.head()).toBe(positions.at(-1))
    })

    it('keeps an event once however often it is published', async () => {
      const [a, b, c] = drafts(3) as [EventDraft, EventDraft, EventDraft]
      await bus.publish([a, b])
      await bus.publish([b, c, c])
      await bus.publish([a])
      expect(ids(await bus.read({}))).toEqual(ids([a, b, c]))
    })

    it('is the same log for everyone, under one id that stays', async () => {
      const other = await harness.open(retention)
      expect(other.id).toBe(bus.id)
      await other.publish([draft()])
      await other[Symbol.asyncDispose]()
      expect(await bus.read({})).toHaveLength(1)
    })

    it('reads by topic, by key, from a position, and page by page', async () => {
      const all = Array.from({ length: 12 }, (_, i) =>
        draft({ topic: i % 2 ? 'job.started' : 'job.queued', key: `job_${i % 3}` }),
      )
      await bus.publish(all)
      const started = all.filter(event => event.topic === 'job.started')
      expect(ids(await bus.read({ topics: ['job.started'] }))).toEqual(ids(started))
      expect(ids(await bus.read({ topics: ['job.queued', 'job.started'] }))).toEqual(ids(all))
      expect(await bus.read({ topics: [] })).toEqual([])
      expect(ids(await bus.read({ key: 'job_2' }))).toEqual(ids(all.filter(event => event.key === 'job_2')))
      const both = all.filter(event => event.key === 'job_1' && event.topic === 'job.started')
      expect(ids(await bus.read({ key: 'job_1', topics: ['job.started'], limit: 1 }))).toEqual(ids(both.slice(0, 1)))

      const page = await bus.read({ limit: 5 })
      const rest = await bus.read({ after: page.at(-1)!.position })
      expect(ids([...page, ...rest])).toEqual(ids(all))
      expect(await bus.read({ after: rest.at(-1)!.position })).toEqual([])
    })

    it('reads back from its newest event, or from a position, by topic and key', async () => {
      const all = Array.from({ length: 12 }, (_, i) =>
        draft({ topic: i % 2 ? 'job.started' : 'job.queued', key: `job_${i % 3}` }),
      )
      await bus.publish(all)
      expect(ids(await bus.readBack({}))).toEqual(ids(all.toReversed()))
      const started = all.filter(event => event.topic === 'job.started').toReversed()
      expect(ids(await bus.readBack({ topics: ['job.started'], limit: 2 }))).toEqual(ids(started.slice(0, 2)))
      const rare = all.filter(event => event.key === 'job_1' && event.topic === 'job.started').toReversed()
      expect(ids(await bus.readBack({ key: 'job_1', topics: ['job.started'], limit: 1 }))).toEqual(
        ids(rare.slice(0, 1)),
      )

      const [newest, ...others] = await bus.readBack({ limit: 5 })
      expect(newest!.position).toBe(await bus.head())
      const rest = await bus.readBack({ before: others.at(-1)!.position })
      expect(ids([newest!, ...others, ...rest])).toEqual(ids(all.toReversed()))
      expect(await bus.readBack({ before: rest.at(-1)!.position })).toEqual([])
      expect(await bus.readBack({ topics: [] })).toEqual([])
    })

    it('shows a tail everything exactly once and in order while many publish', async () => {
      const others = await Promise.all([1, 2, 3].map(() => harness.open(retention)))
      const before = drafts(20)
      await bus.publish(before)
      await using tail = follow(bus, { after: (await bus.read({ limit: 10 })).at(-1)!.position })

      const writers = [bus, ...others, bus, bus].map(async writer => {
        const own: EventDraft[] = []
        for (let round = 0; round < 40; round++) {
          const batch = drafts(1 + (round % 3))
          own.push(...batch)
          await writer.publish(batch)
        }
        return own
      })
      const written = await Promise.all(writers)
      await tail.reach(10 + written.flat().length)
      for (const other of others) await other[Symbol.asyncDispose]()

      const log: BusEvent[] = []
      for (let page = await bus.read({}); page.length > 0; page = await bus.read({ after: log.at(-1)!.position })) {
        log.push(...page)
      }
      expect(ids(tail.seen)).toEqual(ids(log).slice(10))
      expect(new Set(ids(tail.seen)).size).toBe(tail.seen.length)
      for (const own of written) {
        const mine = new Set(ids(own))
        expect(ids(tail.seen).filter(id => mine.has(id))).toEqual(ids(own))
      }
    })

    it('tails one key or some topics only, from the position given', async () => {
      const old = draft({ key: 'job_a' })
      await bus.publish([old, draft({ key: 'job_b' })])
      const after = (await bus.read({ limit: 1 }))[0]!.position
      await using byKey = follow(bus, { key: 'job_a', after })
      await using byTopic = follow(bus, { topics: ['job.started'], after })
      const [a, b, c] = [
        draft({ key: 'job_a' }),
        draft({ key: 'job_b', topic: 'job.started' }),
        draft({ key: 'job_a' }),
      ]
      for (const event of [a, b, c]) await bus.publish([event])
      await byKey.reach(2)
      await byTopic.reach(1)
      expect(ids(byKey.seen)).toEqual(ids([a, c]))
      expect(ids(byTopic.seen)).toEqual(ids([b]))
    })

    it('reads for a tail what has come of its topics once, and nothing when others have come', async () => {
      const reads: number[] = []
      const { read } = bus
      Object.assign(bus, {
        async read(query: Parameters<Bus['read']>[0]) {
          const events = await read(query)
          reads.push(events.length)
          return events
        },
      })
      await using other = await harness.open(retention)
      await using tail = follow(bus, { topics: ['job.queued'], after: await bus.head() })
      await until('the first look', () => reads.length === 1)
      for (const event of drafts(30, { topic: 'job.started' })) await other.publish([event])
      for (let count = 1; count <= 10; count++) {
        await other.publish(drafts(2))
        await tail.reach(2 * count)
      }
      // It also looks every two seconds by itself.
      const empty = reads.filter(length => length === 0)
      expect(empty.length).toBeLessThan(10)
    })

    it('fills a page however far apart the events are that it asks for', async () => {
      const wanted = drafts(4, { topic: 'job.started', key: 'job_far' })
      for (const event of wanted) await bus.publish([...drafts(5, { key: 'job_far' }), event])
      const asked = { topics: ['job.started'], key: 'job_far' }
      expect(ids(await bus.read({ ...asked, limit: 3 }))).toEqual(ids(wanted.slice(0, 3)))
      expect(ids(await bus.readBack({ ...asked, limit: 3 }))).toEqual(ids(wanted.slice(1).toReversed()))
    })

    it('drops what is older than its topic is kept, and says up to where', async () => {
      const start = await bus.floor()
      expect(bus.compare(start, await bus.head())).toBe(0)
      const lasting = draft()
      const brief = drafts(3, { topic: 'job.progressed' })
      await bus.publish([brief[0]!, lasting, brief[1]!, brief[2]!])
      const positions = (await bus.read({})).map(event => event.position)
      await until('the sweep of what is old', async () => {
        await bus.sweep()
        return (await bus.read({})).length === 1
      })
      expect(ids(await bus.read({ key: 'job_1' }))).toEqual([lasting.id])
      expect(await bus.floor()).toBe(positions[3])
      expect(await bus.floor(['job.progressed'])).toBe(positions[3])
      expect(await bus.floor(['job.queued'])).toBe(start)
      expect(await bus.head()).toBe(positions[3])

      const next = draft({ topic: 'job.progressed' })
      await bus.publish([next])
      const [kept] = await bus.read({ after: positions[3]! })
      expect(kept!.id).toBe(next.id)
    })

    it('hands ephemeral events to whoever listens, whole, in order, and keeps none', async () => {
      const said = (data: unknown) => draft({ topic: 'chat.said', key: 'chat_1', data })
      await bus.publish([said('nobody hears this')])
      const other = await harness.open(retention)
      await using tail = follow(bus, { topics: ['chat.said', 'job.queued'], after: await bus.head() })
      await using deaf = follow(bus, { topics: ['job.queued'], after: await bus.head() })

      const mark = draft()
      await other.publish([mark])
      await tail.reach(1)
      const words = [said('one'), said(`${'long '.repeat(10_000)}\u{1f525}`), said('three')]
      await other.publish(words)
      await tail.reach(4)
      await other[Symbol.asyncDispose]()

      expect(tail.seen.map(({ position: _, ...event }) => event)).toEqual([mark, ...words])
      expect(tail.seen.at(-1)!.position).toBe(await bus.head())
      expect(ids(await bus.read({}))).toEqual([mark.id])
      expect(ids(deaf.seen)).toEqual([mark.id])
    })

    it('ends a tail promptly when asked, busy or idle', async () => {
      const stop = new AbortController()
      const idle = bus.tail({ after: await bus.head(), signal: stop.signal })[Symbol.asyncIterator]()
      const next = idle.next()
      stop.abort()
      const began = performance.now()
      expect((await next).done).toBe(true)
      expect(performance.now() - began).toBeLessThan(500)
      await bus.publish([draft()])
      const late = bus.tail({ after: await bus.floor(), signal: stop.signal })[Symbol.asyncIterator]()
      expect((await late.next()).done).toBe(true)
    })

    it('goes on after its connections were cut, missing nothing', async context => {
      if (!harness.cut) return context.skip()
      await using tail = follow(bus, { after: await bus.head() })
      const all = drafts(30)
      for (const [i, event] of all.entries()) {
        if (i % 10 === 5) await harness.cut()
        await until('a publication', () =>
          bus.publish([event]).then(
            () => true,
            () => false,
          ),
        )
      }
      await tail.reach(30)
      expect(ids(tail.seen)).toEqual(ids(all))

      // The listening connection is back too: an ephemeral event arrives, which no poll would find.
      await until('an ephemeral event after the cut', async () => {
        await bus.publish([draft({ topic: 'chat.said' })])
        return tail.seen.some(event => event.topic === 'chat.said')
      })
    })
  })
}
