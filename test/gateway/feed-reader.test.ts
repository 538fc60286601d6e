import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFeed, type Entry } from '../../gateway/subscriptions/feed.ts'
import { readFeed } from '../../gateway/subscriptions/feed-reader.ts'

const entryOf = (number: number): Entry => ({ cursor: String(number), result: { data: { number } } })
const lost = { data: { lost: true } }

/** A log whose events go to the feed and to own subscriptions, each as far as the test lets it. */
function source(kept: number) {
  const feed = createFeed({ entries: kept, characters: 1_000_000 })
  let published = 0
  let inFeed = 0
  let allowance = 0
  let replays = 0
  const wakes: (() => void)[] = []
  const notify = () => {
    for (const wake of wakes.splice(0)) wake()
  }

  return {
    feed,
    replays: () => replays,
    published: () => published,
    publish: () => {
      published += 1
      notify()
    },
    passToFeed: () => {
      if (inFeed === published) return
      inFeed += 1
      feed.append(entryOf(inFeed))
    },
    allow: () => {
      allowance += 1
      notify()
    },
    open: () => {
      allowance = Number.POSITIVE_INFINITY
      notify()
    },
    async *replay(after: string | undefined, signal: AbortSignal): AsyncGenerator<Entry> {
      replays += 1
      signal.addEventListener('abort', notify)
      for (let number = Number(after ?? 0) + 1; !signal.aborted; ) {
        if (number <= published && allowance > 0) {
          allowance -= 1
          yield entryOf(number++)
        } else await new Promise<void>(resolve => wakes.push(resolve))
      }
    },
  }
}

describe('a reader of a feed', () => {
  const step = fc.constantFrom('publish', 'feed', 'allow', 'read', 'read')

  it('gets each event since its start once and in order, however feed, replay and reading interleave', async () => {
    const runs = fc.record({
      before: fc.nat(8),
      start: fc.nat(8),
      kept: fc.integer({ min: 1, max: 4 }),
      begins: fc.constantFrom(undefined, 'FIRST_EVENT' as const),
      steps: fc.array(step, { maxLength: 60 }),
    })
    await fc.assert(
      fc.asyncProperty(runs, async ({ before, start, kept, begins, steps }) => {
        const log = source(kept)
        for (let i = 0; i < before; i++) log.publish()
        const first = Math.min(start, before)
        const { signal, abort } = abortable()
        const after = first === 0 ? undefined : String(first)
        const reader = readFeed({ feed: log.feed, after, begins, isNew: false, replay: log.replay, lost, signal })
        const received: unknown[] = []
        let reading: Promise<void> | undefined
        const read = () => {
          reading ??= reader.next().then(({ value }) => {
            if (value) received.push(value.data?.number)
            reading = undefined
          })
        }

        for (const name of steps) {
          if (name === 'publish') log.publish()
          else if (name === 'feed') log.passToFeed()
          else if (name === 'allow') log.allow()
          else read()
          await Promise.resolve()
        }
        log.open()
        for (let i = 0; i <= log.published(); i++) log.passToFeed()
        const expected = Array.from({ length: log.published() - first }, (_, i) => first + i + 1)
        while (received.length < expected.length) {
          read()
          await reading
        }
        expect(received).toEqual(expected)
        abort()
        await reader.return(undefined)
      }),
      { numRuns: 500 },
    )
  })

  it('leaves its own subscription for the feed as soon as that comes to where it stands', async () => {
    const log = source(4)
    log.open()
    log.publish()
    const { signal, abort } = abortable()
    const reader = readFeed({
      feed: log.feed,
      after: undefined,
      begins: undefined,
      isNew: false,
      replay: log.replay,
      lost,
      signal,
    })
    expect((await reader.next()).value).toEqual({ data: { number: 1 } })
    const next = reader.next()
    log.passToFeed()
    log.publish()
    log.passToFeed()
    expect((await next).value).toEqual({ data: { number: 2 } })
    expect(log.replays()).toBe(1)
    abort()
    await reader.return(undefined)
  })

  it('says that events are lost when its place is gone before it had a cursor', async () => {
    const log = source(1)
    const { signal } = abortable()
    const reader = readFeed({
      feed: log.feed,
      after: undefined,
      begins: undefined,
      isNew: true,
      replay: log.replay,
      lost,
      signal,
    })
    for (let i = 0; i < 3; i++) {
      log.publish()
      log.passToFeed()
    }
    expect((await reader.next()).value).toEqual(lost)
    expect((await reader.next()).done).toBe(true)
  })

  it('begins in the feed where its subscription would: with the first event, or behind what was', async () => {
    const log = source(4)
    for (let i = 0; i < 2; i++) {
      log.publish()
      log.passToFeed()
    }
    const { signal, abort } = abortable()
    for (const [begins, expected] of [
      ['FIRST_EVENT', 1],
      ['NOW', 3],
    ] as const) {
      const parts = { feed: log.feed, after: undefined, begins, isNew: false, replay: log.replay, lost, signal }
      const reader = readFeed(parts)
      const next = reader.next()
      if (begins === 'NOW') log.publish()
      log.passToFeed()
      expect((await next).value).toEqual({ data: { number: expected } })
    }
    expect(log.replays()).toBe(0)
    abort()
  })

  it('ends after what the feed still has when that has ended, and throws what broke it', async () => {
    for (const failure of [undefined, new Error('broken')]) {
      const log = source(4)
      log.publish()
      log.passToFeed()
      log.feed.end(failure)
      const { signal } = abortable()
      const reader = readFeed({
        feed: log.feed,
        after: undefined,
        begins: undefined,
        isNew: true,
        replay: log.replay,
        lost,
        signal,
      })
      expect((await reader.next()).value).toEqual({ data: { number: 1 } })
      const end = reader.next()
      await (failure ? expect(end).rejects.toThrow('broken') : expect(end).resolves.toMatchObject({ done: true }))
    }
  })

  it('ends at once when its signal fires', async () => {
    const log = source(4)
    const { signal, abort } = abortable()
    const reader = readFeed({
      feed: log.feed,
      after: undefined,
      begins: undefined,
      isNew: true,
      replay: log.replay,
      lost,
      signal,
    })
    const end = reader.next()
    abort()
    expect((await end).done).toBe(true)
  })
})

function abortable() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
