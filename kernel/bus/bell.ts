import type { EventDraft, EventFilter, Position } from './bus.ts'

/** Ephemeral events that one slow reader may have waiting; beyond, its oldest are dropped. */
const inboxLimit = 10_000

/** What is announced when the log has grown. */
export interface Growth {
  /** The newest that there is now. */
  readonly position: Position
  /** Of what has come. */
  readonly topics: readonly string[]
}

interface Heard {
  readonly ephemeral: readonly EventDraft[]
  /** The newest position that was announced since the ear was opened. */
  readonly position: Position | undefined
}

interface Ear extends Disposable {
  /** What has come since the last call. Whoever reads the log *after* this call sees all that it announced. */
  hear(): Heard
  /** Resolves when something has come since `hear`, after `ms`, or when `signal` aborts. */
  rung(ms: number, signal: AbortSignal): Promise<void>
}

/** Wakes the readers of one process when the log has grown, and hands them the ephemeral events. */
export interface Bell {
  /** Wakes those whose topics these are; everybody where nothing is known of what has come. */
  ring(growth?: Growth): void
  hand(event: EventDraft): void
  listen(filter: EventFilter): Ear
}

export const matches = ({ topics, key }: EventFilter, event: EventDraft): boolean =>
  (topics === undefined || topics.includes(event.topic)) && (key === undefined || key === event.key)

export function createBell(): Bell {
  const ears = new Set<ReturnType<typeof createEar>>()
  return {
    ring: growth => {
      for (const ear of ears) ear.ring(growth)
    },
    hand: event => {
      for (const ear of ears) ear.hand(event)
    },
    listen: filter => {
      const ear = createEar(filter, () => ears.delete(ear))
      ears.add(ear)
      return ear
    },
  }
}

function createEar(filter: EventFilter, close: () => void) {
  let inbox: EventDraft[] = []
  let position: Position | undefined
  let pending = false
  let wake: (() => void) | undefined

  const ring = (growth?: Growth) => {
    position = growth?.position ?? position
    if (growth && filter.topics && !growth.topics.some(topic => filter.topics!.includes(topic))) return
    pending = true
    wake?.()
  }

  return {
    ring,
    hand: (event: EventDraft) => {
      if (!matches(filter, event)) return
      if (inbox.length === inboxLimit) inbox.shift()
      inbox.push(event)
      ring()
    },
    hear: (): Heard => {
      const heard = { ephemeral: inbox, position }
      inbox = []
      pending = false
      return heard
    },
    rung: (ms: number, signal: AbortSignal) =>
      new Promise<void>(resolve => {
        if (pending || signal.aborted) return resolve()
        const done = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          wake = undefined
          resolve()
        }
        const timer = setTimeout(done, ms)
        signal.addEventListener('abort', done)
        wake = done
      }),
    [Symbol.dispose]: close,
  } satisfies Ear & { ring(growth?: Growth): void; hand(event: EventDraft): void }
}
