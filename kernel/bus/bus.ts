/** What a service wants others to know. `id` makes publishing idempotent; order holds within a project. */
export interface EventDraft {
  readonly id: string
  /** Past tense, noun first: `job.progressed`. */
  readonly topic: string
  /** The id of the entity that the event is about. */
  readonly key: string
  readonly project: string
  /** ISO 8601, UTC. */
  readonly at: string
  readonly data: unknown
  /** W3C trace context of what caused it. */
  readonly traceparent?: string
}

/** Opaque to everyone but its bus; two positions of one bus compare with `compare`. */
export type Position = string

export interface BusEvent extends EventDraft {
  /** An ephemeral event has no place of its own in the log: it carries the position that its reader had reached. */
  readonly position: Position
}

export interface EventFilter {
  /** All topics where undefined, none where empty. */
  readonly topics?: readonly string[]
  readonly key?: string
}

/** What happens to a topic's events: kept for `retentionMs`, or (0) passed only to whoever listens at that moment. */
export type Retention = (topic: string) => number

/**
 * The durable event log. A position is given at commit: a reader that has passed a position never misses an event
 * that is committed later.
 */
export interface Bus extends AsyncDisposable {
  /** Identifies this log; a cursor of another log yields a gap. */
  readonly id: string
  /** The position before the first event. */
  readonly origin: Position
  /** Appends in the order given, all or nothing. An id that the log holds already is passed over. */
  publish(events: readonly EventDraft[]): Promise<void>
  /** Events after `after` (from the oldest kept where undefined), oldest first, `limit` (default 500) of them if there are. */
  read(filter: EventFilter & { after?: Position; limit?: number }): Promise<readonly BusEvent[]>
  /** Events before `before` (from the newest where undefined), newest first, `limit` (default 500) of them if there are. */
  readBack(filter: EventFilter & { before?: Position; limit?: number }): Promise<readonly BusEvent[]>
  /** The position of the newest event ever kept, or `origin`. */
  head(): Promise<Position>
  /**
   * The position of the newest event that was dropped for its age among `topics` (all topics where undefined), or
   * `origin`. Reading these topics after an earlier position may miss events; after this or a later one it misses none.
   * As the log may drop events between two calls, ask *after* the read whose completeness matters.
   */
  floor(topics?: readonly string[]): Promise<Position>
  compare(a: Position, b: Position): number
  /** Whether the text has the form of this bus's positions; anything else must not be passed to it. */
  isPosition(text: string): text is Position
  /**
   * Everything after `after`, then whatever comes, in batches, until `signal` aborts; ephemeral events only while it
   * is listening, and unordered against durable ones. Survives a lost connection to the log.
   */
  tail(filter: EventFilter & { after: Position; signal: AbortSignal }): AsyncIterable<readonly BusEvent[]>
  /** Drops the events that are older than their topic's retention. An open bus does so by itself once a minute. */
  sweep(): Promise<void>
}
