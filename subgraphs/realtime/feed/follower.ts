import type { BusEvent, Position } from '../../../kernel/bus/bus.ts'
import { retention } from '../../../schema/events.ts'
import { type Gap, type Start, tooOld, tooSlow } from './gap.ts'
import type { Ear, FeedParts, Selection } from './ports.ts'

export interface Followed {
  readonly selection: Selection
  readonly start: Start
  /** What a reader gets that is too slow: what it missed from the log again, or a gap. */
  readonly slowReader: 'REREAD' | 'GAP'
  /** Sees the queue of live events, to tell how far behind the reader is. */
  watch?(ear: Ear): void
}

export interface Batch {
  /** In the order of the log. Empty once, when all that the log held is given. */
  readonly events: readonly BusEvent[]
  /** What is missing before the events. */
  readonly gap: Gap | null
  /** Where a reader stands that has them. */
  readonly position: Position
}

/**
 * Every selected event since the start once and in order: from the log, then live. The queue of live events is opened
 * before the log is read, so an event is in one of the two; what is in both is told by its position.
 */
export async function* follow(
  { log, hub }: FeedParts,
  { selection, start, slowReader, watch }: Followed,
  signal: AbortSignal,
): AsyncGenerator<Batch, void> {
  using ear = hub.listen(selection)
  watch?.(ear)
  let { position, gap } = start
  /** Up to here, what the log has dropped was not promised, or is in a gap already. */
  let excused = start.resumes ? position : null
  let state: 'replaying' | 'caught up' | 'live' = 'replaying'

  while (!signal.aborted) {
    for (;;) {
      const page = await log.read({ ...selection, after: position })
      // After the read: what was dropped before it is missing from the page.
      const floor = await log.floor(selection.topics)
      if (excused !== null && log.compare(floor, excused) > 0 && log.compare(floor, position) > 0) {
        gap ??= tooOld(log, position, floor)
      }
      excused = floor
      if (page.length === 0 || signal.aborted) break
      position = page.at(-1)!.position
      const events = page.filter(event => selection.wants?.(event) ?? true)
      if (events.length > 0) {
        yield { events, gap, position }
        gap = null
      }
    }
    if (state === 'replaying') {
      state = 'caught up'
      yield { events: [], gap, position }
    }

    for (;;) {
      const { events, dropped, droppedTo } = await ear.take(signal)
      if (signal.aborted) return
      if (droppedTo !== null && log.compare(droppedTo, position) > 0) {
        // What fell out of the queue during the replay is in the log still.
        if (state !== 'live' || slowReader === 'REREAD') break
        gap ??= tooSlow(log, position, droppedTo, dropped)
      }
      state = 'live'
      const fresh: BusEvent[] = []
      for (const event of events) {
        const isAhead = log.compare(event.position, position) > 0
        if (isAhead) position = event.position
        // An ephemeral event has no place in the log; its reader stands where it stood.
        if (isAhead || retention(event.topic) <= 0) fresh.push({ ...event, position })
      }
      if (fresh.length > 0) {
        yield { events: fresh, gap, position }
        gap = null
      }
    }
  }
}
