import type { Position } from '../../../kernel/bus/bus.ts'
import { decodeCursor, encodeCursor, noCursor } from '../../../kernel/bus/cursor.ts'
import type { EventLog } from './ports.ts'

/** Events that a reader does not get: those after the cursor `from` up to and including `to`. */
export interface Gap {
  readonly from: string | null
  readonly to: string
  /** How many; null when nobody can tell. */
  readonly missed: number | null
  readonly reason: string
}

/** Where a stream begins, and what it misses by that. */
export interface Start {
  readonly position: Position
  readonly gap: Gap | null
  /** Whether the reader had come as far as `position`: then what was dropped since is missing. */
  readonly resumes: boolean
}

export const cursorOf = (log: EventLog, position: Position): string => encodeCursor({ bus: log.id, position })

/**
 * The place behind the cursor `after`, or `fresh` without one. Throws INVALID_INPUT for what is no cursor. A cursor of
 * another log, or from ahead of this one, says nothing about what its reader has seen: the stream begins with the
 * oldest event kept, and with a gap.
 */
export async function startAfter(log: EventLog, after: string | null | undefined, fresh: Position): Promise<Start> {
  if (after === null || after === undefined) return { position: fresh, gap: null, resumes: false }
  const { bus, position } = decodeCursor(after)
  const fromStart = (reason: string): Start => ({
    position: log.origin,
    gap: { from: after, to: cursorOf(log, log.origin), missed: null, reason },
    resumes: false,
  })
  if (bus !== log.id) return fromStart('The cursor is of another event log: this one is given from its beginning.')
  if (!log.isPosition(position)) throw noCursor(after)
  if (log.compare(position, await log.head()) > 0) {
    return fromStart('The event log was set back to before this cursor: it is given from its beginning.')
  }
  return { position, gap: null, resumes: true }
}

export const tooOld = (log: EventLog, from: Position, to: Position): Gap => ({
  from: cursorOf(log, from),
  to: cursorOf(log, to),
  missed: null,
  reason: 'The events after the cursor are older than the log keeps them.',
})

export const tooSlow = (log: EventLog, from: Position, to: Position, missed: number): Gap => ({
  from: cursorOf(log, from),
  to: cursorOf(log, to),
  missed,
  reason: 'The subscriber read more slowly than events came.',
})
