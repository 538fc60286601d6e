import { lastSegmentStart } from '../../../engine/tokenizing/segments.ts'
import type { Piece } from '../documents/piece.ts'
import { lotOf } from '../documents/split.ts'

/** Characters after which a text without a place to cut is cut all the same. */
const LONGEST_UNCUT = 1 << 20

export interface TextPart {
  readonly text: string
  readonly isLast: boolean
  /** Whether its document is kept for validation. */
  readonly isKept: boolean
}

/**
 * The documents as texts, cut where cutting changes no token. `keptLots` is how many lots are kept for validation; see
 * `validationLots`.
 */
export async function* textParts(frames: AsyncIterable<Piece>, keptLots: number): AsyncGenerator<TextPart> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let rest = ''
  let isKept: boolean | null = null
  for await (const { bytes, isLast } of frames) {
    isKept ??= lotOf(bytes) < keptLots
    rest += decoder.decode(bytes, { stream: !isLast })
    const cut = isLast || rest.length > LONGEST_UNCUT ? rest.length : lastSegmentStart(rest)
    if (cut > 0) yield { text: rest.slice(0, cut), isLast, isKept }
    rest = rest.slice(cut)
    if (isLast) isKept = null
  }
}
