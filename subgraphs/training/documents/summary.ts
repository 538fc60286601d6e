import { seededRandom } from '../../../engine/random.ts'
import { validationShare } from '../recipes/config.ts'
import type { Piece } from './piece.ts'
import { LOTS, lotOf, type Split, splitLots } from './split.ts'

/** What is known of documents once all have passed. */
export interface Summary extends Split {
  readonly documents: number
  readonly bytes: number
  /** Unicode code points. */
  readonly characters: number
  readonly shortestBytes: number
  readonly longestBytes: number
  readonly samples: readonly Sample[]
}

/** How a document begins. */
export interface Sample {
  /** From 0. */
  readonly document: number
  readonly text: string
  readonly bytes: number
}

const sampleCount = 5
const sampleCharacters = 400
/** Of UTF-8, of which so many characters are at most. */
export const sampleBytes = 4 * sampleCharacters

/** Sees the frames of documents as they pass. */
export function createSummary() {
  const random = seededRandom(0)
  const bytesOfLots = new Float64Array(LOTS)
  const samples: Sample[] = []
  let documents = 0
  let bytes = 0
  let characters = 0
  let shortestBytes = Number.POSITIVE_INFINITY
  let longestBytes = 0
  let lot = -1
  let length = 0
  let begins = ''

  const endDocument = () => {
    // Reservoir sampling (Vitter 1985, algorithm R): every document has the same chance.
    const place = documents < sampleCount ? documents : random.integer(documents + 1)
    if (place < sampleCount) samples[place] = { document: documents, text: begins, bytes: length }
    documents += 1
    shortestBytes = Math.min(shortestBytes, length)
    longestBytes = Math.max(longestBytes, length)
    lot = -1
    length = 0
  }
  return {
    add(frame: Piece): void {
      if (lot < 0) {
        lot = lotOf(frame.bytes)
        begins = shown(frame.bytes)
      }
      length += frame.bytes.length
      bytes += frame.bytes.length
      bytesOfLots[lot]! += frame.bytes.length
      characters += charactersIn(frame.bytes)
      if (frame.isLast) endDocument()
    },
    result: (): Summary => ({
      documents,
      bytes,
      characters,
      shortestBytes: documents > 0 ? shortestBytes : 0,
      longestBytes,
      ...splitLots(bytesOfLots, validationShare),
      samples: samples.toSorted((one, other) => one.document - other.document),
    }),
  }
}

/** Every byte that does not continue a character begins one. */
function charactersIn(bytes: Uint8Array): number {
  let count = 0
  for (let at = 0; at < bytes.length; at++) if ((bytes[at]! & 0xc0) !== 0x80) count += 1
  return count
}

/** The beginning of a document; U+0000, which no database takes, as the picture of it. */
export function shown(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, sampleBytes), {
    stream: true,
  })
  return Array.from(text).slice(0, sampleCharacters).join('').replaceAll('\0', '␀')
}
