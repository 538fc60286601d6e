import type { ExecutionResult } from 'graphql'
import type { Resumable } from '../execution/supergraph.ts'
import type { Entry, Feed } from './feed.ts'

export interface Reading {
  readonly feed: Feed
  /** The cursor to begin behind. */
  readonly after: string | undefined
  /** Where a subscription begins that has no cursor. */
  readonly begins: Resumable['begins']
  /** Whether the feed was opened for this reader. */
  readonly isNew: boolean
  /** The subscription of this reader alone, from a cursor on. */
  replay(after: string | undefined, signal: AbortSignal): AsyncGenerator<Entry>
  /** What a reader gets that lost its place before it had a cursor: nobody can tell what it misses. */
  readonly lost: ExecutionResult
  readonly signal: AbortSignal
}

/**
 * Every result since the start once and in order. A reader whose place the feed no longer keeps, or never did, gets its
 * own subscription until that has brought it to a cursor that the feed has too, and goes on from there in the feed.
 */
export async function* readFeed({ feed, after, begins, isNew, replay, lost, signal }: Reading) {
  let cursor = after
  let place: number | undefined
  if (after === undefined) {
    if (isNew || (begins === 'FIRST_EVENT' && feed.first === 0)) place = 0
    else if (begins === 'NOW') {
      place = feed.next
      cursor = feed.cursor
    }
  }
  let wake: (() => void) | undefined
  const stop = () => wake?.()
  const change = () =>
    new Promise<void>(resolve => {
      if (signal.aborted) return resolve()
      if (wake) feed.forget(wake)
      wake = resolve
      feed.onChange(resolve)
    })
  signal.addEventListener('abort', stop, { once: true })

  try {
    while (!signal.aborted) {
      if (place === undefined) {
        const isOver = yield* replayed()
        if (isOver) return
        continue
      }
      if (place < feed.first) {
        if (cursor === undefined && begins !== 'FIRST_EVENT') {
          yield lost
          return
        }
        place = undefined
        continue
      }
      const entry = feed.entry(place)
      if (entry) {
        place += 1
        cursor = entry.cursor ?? cursor
        yield entry.result
      } else if (feed.ended) {
        if (feed.failure) throw feed.failure
        return
      } else await change()
    }
  } finally {
    signal.removeEventListener('abort', stop)
    if (wake) feed.forget(wake)
  }

  /** Sets `place` once it has met the feed; true when the subscription has come to its end before. */
  async function* replayed(): AsyncGenerator<ExecutionResult, boolean> {
    place = feed.placeAfter(cursor)
    if (place !== undefined) return false
    const leaving = new AbortController()
    const events = replay(cursor, AbortSignal.any([signal, leaving.signal]))
    try {
      let next = events.next()
      while (!signal.aborted) {
        const answer = await Promise.race([next, feed.ended ? next : change()])
        // Whatever the own subscription has brought in the meantime follows in the feed as well.
        place = feed.placeAfter(cursor)
        if (place !== undefined) return false
        if (!answer) continue
        if (answer.done) return true
        cursor = answer.value.cursor ?? cursor
        yield answer.value.result
        place = feed.placeAfter(cursor)
        if (place !== undefined) return false
        next = events.next()
      }
      return true
    } finally {
      leaving.abort()
      await events.return(undefined)
    }
  }
}
