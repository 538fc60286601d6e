import type { BusEvent, Position } from '../../../kernel/bus/bus.ts'
import type { Ear, Heard } from './ports.ts'

export interface OpenEar extends Ear {
  push(event: BusEvent): void
}

/** A queue of at most `limit` events: when it is full, the oldest makes room. */
export function createEar(limit: number, close: (ear: OpenEar) => void): OpenEar {
  let events: BusEvent[] = []
  let dropped = 0
  let droppedTo: Position | null = null
  let wake: (() => void) | undefined

  const takeAll = (): Heard => {
    const heard = { events, dropped, droppedTo }
    events = []
    dropped = 0
    droppedTo = null
    return heard
  }

  const ear: OpenEar = {
    get waiting() {
      return events.length
    },
    get waitingSince() {
      return events[0]?.at ?? null
    },
    push(event) {
      if (events.length === limit) {
        droppedTo = events.shift()!.position
        dropped += 1
      }
      events.push(event)
      wake?.()
    },
    async take(signal) {
      if (events.length === 0 && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        signal.addEventListener('abort', wake)
        await promise
        signal.removeEventListener('abort', wake)
        wake = undefined
      }
      return takeAll()
    },
    [Symbol.dispose]: () => close(ear),
  }
  return ear
}
