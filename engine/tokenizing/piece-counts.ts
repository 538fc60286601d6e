import { preTokens } from './pre-tokens.ts'
import { copied, segments } from './segments.ts'

/** Segments that wait to be cut into pieces; they repeat, and each is cut once. */
const WAITING_SEGMENTS = 262_144
/** Beyond, the rarest pieces are forgotten: they hardly make a merge, and text has no end of them. */
const COUNTED_PIECES = 524_288
/** As many of the most frequent are learned from: each takes some hundreds of bytes while merges are looked for. */
const LEARNED_PIECES = 131_072

export interface PieceCounter {
  add(text: string): void
  /** How often the most frequent pieces occurred. */
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
    for (let rare = 1; pieces.size > COUNTED_PIECES; rare++) {
      for (const [piece, count] of pieces) if (count <= rare) pieces.delete(piece)
    }
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
      if (pieces.size <= LEARNED_PIECES) return pieces
      // Of equals those that came first, which the order of the map says.
      return new Map(
        Array.from(pieces)
          .sort(([, one], [, other]) => other - one)
          .slice(0, LEARNED_PIECES),
      )
    },
  }
}
