import type { Bus, BusEvent, EventFilter, Position } from '../../../kernel/bus/bus.ts'

/** The event log, as far as streams read it. */
export type EventLog = Pick<Bus, 'id' | 'origin' | 'read' | 'readBack' | 'head' | 'floor' | 'compare' | 'isPosition'>

/** Which events a stream is about. */
export interface Selection extends EventFilter {
  /** What the log itself cannot select by. */
  wants?(event: BusEvent): boolean
}

/** What has come to an ear since it was last asked. */
export interface Heard {
  readonly events: readonly BusEvent[]
  /** Events that its reader was too slow for, and the position of the newest of them. */
  readonly dropped: number
  readonly droppedTo: Position | null
}

/** One subscriber's bounded queue of live events. */
export interface Ear extends Disposable {
  /** Events that wait to be taken. */
  readonly waiting: number
  /** When the oldest of them happened (ISO 8601). */
  readonly waitingSince: string | null
  /** Takes all that waits, as soon as there is something; nothing when `signal` aborts. */
  take(signal: AbortSignal): Promise<Heard>
}

/** Hands on what one tail of the log reads: every subscriber has a queue of its own, so that none waits for another. */
export interface Hub extends AsyncDisposable {
  /** From now on: what the log held before has to be read there. */
  listen(selection: Selection): Ear
}

export interface FeedParts {
  readonly log: EventLog
  readonly hub: Hub
}
