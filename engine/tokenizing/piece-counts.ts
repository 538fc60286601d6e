import { preTokens } from './pre-tokens.ts'
import { copied, segments } from './segments.ts'

/** Segments that wait to be cut into pieces; they repeat, and each is cut once. */
const WAITING_SEGMENTS = 262_144
/** Of all of them together: without spaces after letters, as in Chinese, a segment is as long as a part of the text. */
const WAITING_CHARACTERS = 16 << 20
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
  let waitingCharacters = 0

  const count = (piece: string, times: number): void => {
    const counted = pieces.get(piece)
    if (counted !== undefined) pieces.set(piece, counted + times)
    else pieces.set(copied(piece), times)
  }
  const flush = (): void => {
    for (const [segment, times] of waiting) for (const piece of preTokens(segment)) count(piece, times)
    waiting.clear()
    waitingCharacters = 0
    for (let rare = 1; pieces.size > COUNTED_PIECES; rare++) {
      for (const [piece, times] of pieces) if (times <= rare) pieces.delete(piece)
    }
  }
  return {
    add(text) {
      for (const segment of segments(text)) {
        const times = waiting.get(segment)
        if (times !== undefined) {
          waiting.set(segment, times + 1)
          continue
        }
        waiting.set(copied(segment), 1)
        waitingCharacters += segment.length
      }
      if (waiting.size > WAITING_SEGMENTS || waitingCharacters > WAITING_CHARACTERS) flush()
    },
    counts() {
      flush()
      keepMostFrequent(pieces, LEARNED_PIECES)
      return pieces
    },
  }
}

/** Of equals those that came first, which the order of the map says. */
function keepMostFrequent(pieces: Map<string, number>, kept: number): void {
  if (pieces.size <= kept) return
  const least = Float64Array.from(pieces.values()).sort().at(-kept)!
  let equals = kept
  for (const times of pieces.values()) if (times > least) equals--
  for (const [piece, times] of pieces) {
    if (times < least || (times === least && equals-- <= 0)) pieces.delete(piece)
  }
}
