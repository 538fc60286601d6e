import { lastSegmentStart } from '../../../engine/tokenizing/segments.ts'
import type { Blobs, Digest } from '../../../kernel/blobs/blobs.ts'
import { findDocuments } from '../documents/content.ts'
import type { Piece } from '../documents/piece.ts'
import { keeps } from '../documents/split.ts'
import type { MakingParts } from './once.ts'

/** Characters after which a text without a place to cut is cut all the same. */
const LONGEST_UNCUT = 1 << 20
/** Between two looks around. */
const breathMs = 100

export interface TextPart {
  readonly text: string
  readonly isLast: boolean
  /** Whether its document is kept for validation. */
  readonly isKept: boolean
}

export interface OpenTexts {
  readonly parts: AsyncIterable<TextPart> | Iterable<TextPart>
  /** Whether whole documents are kept for validation; otherwise the end of all is. */
  readonly keepsDocuments: boolean
  /** Of all parts; of documents in code points, of which some are two of a string's length. */
  readonly characters: number
  /** One that came as it is, without an end to be marked. */
  readonly isText: boolean
}

/** The content of a dataset as texts, each no longer than what can be tokenized at once. */
export async function openTexts(blobs: Blobs, digest: Digest): Promise<OpenTexts> {
  const documents = await findDocuments(blobs, digest)
  if (!documents) {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await blobs.bytes(digest))
    return {
      parts: [{ text, isLast: true, isKept: false }],
      keepsDocuments: false,
      characters: text.length,
      isText: true,
    }
  }
  const { facts, frames } = documents
  return {
    parts: textParts(frames(), keeps(facts)),
    keepsDocuments: facts.validationLots !== null,
    characters: facts.characters,
    isText: false,
  }
}

/** Takes one part after the other, and says how far it is; true when it was stopped before the end. */
export async function eachText(
  { shouldStop, progress }: Pick<MakingParts, 'shouldStop' | 'progress'>,
  { parts, characters }: OpenTexts,
  take: (part: TextPart) => unknown,
): Promise<boolean> {
  let breathedAt = performance.now()
  let passed = 0
  for await (const part of parts) {
    await take(part)
    passed += part.text.length
    if (performance.now() - breathedAt < breathMs) continue
    // Lets the message in that asks it to stop.
    await new Promise(resolve => setImmediate(resolve))
    if (shouldStop()) return true
    await progress(passed / characters)
    breathedAt = performance.now()
  }
  return false
}

/** The documents, cut where cutting changes no token. */
async function* textParts(
  frames: AsyncIterable<Piece>,
  isKeptThatBegins: (firstFrame: Uint8Array) => boolean,
): AsyncGenerator<TextPart> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let rest = ''
  let isKept: boolean | null = null
  for await (const { bytes, isLast } of frames) {
    isKept ??= isKeptThatBegins(bytes)
    rest += decoder.decode(bytes, { stream: !isLast })
    const cut = isLast || rest.length > LONGEST_UNCUT ? rest.length : lastSegmentStart(rest)
    if (cut > 0) yield { text: rest.slice(0, cut), isLast, isKept }
    rest = rest.slice(cut)
    if (isLast) isKept = null
  }
}
