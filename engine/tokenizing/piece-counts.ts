import { preTokens } from './pre-tokens.ts'
import { copied, segments } from './segments.ts'

/** Segments that wait to be cut into pieces; they repeat, and each is cut once. */
const WAITING_SEGMENTS = 262_144
/** Beyond, pieces that occurred once are forgotten: they hardly make a merge, and text has no end of them. */
const DISTINCT_PIECES = 1_000_000

export interface PieceCounter {
  add(text: string): void
  /** How often each piece occurred. */
  counts(): ReadonlyMap<string, number>
}

/** Counts the pieces of a text that is given part by part, in memory that does not grow with it. */
export function createPieceCounter(): PieceCounter {
  const waiting = new Map<string, number>()
  const pieces = new Map<string, number>()

  const flush = (): void => {
    for (const [segment, count] of waiting) {
      for (const piece of preTokens(segment)) pieces.set(piece, (pieces.get(piece) ?? 0) + count)
    }
    waiting.clear()
    if (pieces.size <= DISTINCT_PIECES) return
    for (const [piece, count] of pieces) if (count === 1) pieces.delete(piece)
  }
  return {
    add(text) {
      for (const segment of segments(text)) {
        const count = waiting.get(segment)
        if (count !== undefined) waiting.set(segment, count + 1)
        else waiting.set(copied(segment), 1)
      }
      if (waiting.size > WAITING_SEGMENTS) flush()
    },
    counts() {
      flush()
      return pieces
    },
  }
}
