import type { FileHandle } from 'node:fs/promises'
import { fromHuggingFace, toHuggingFace } from '../../../engine/tokenizing/hugging-face.ts'
import { END_OF_TEXT, type Tokenizer } from '../../../engine/tokenizing/tokenizer.ts'
import { tokenizerTrainer } from '../../../engine/tokenizing/training.ts'
import type { Blobs, Digest } from '../../../kernel/blobs/blobs.ts'
import { findDocuments } from '../documents/content.ts'
import { validationShare } from '../recipes/config.ts'
import { type Cache, cacheName } from './cache.ts'
import { type TextPart, textParts } from './texts.ts'
import { openTokenFile, type StoredTokens, widthOf } from './token-file.ts'
import { join, seal, tokenWriter } from './token-writer.ts'

export interface TokenParts {
  readonly blobs: Blobs
  readonly cache: Cache
  /** Looked at between two parts of the text. */
  shouldStop(): boolean
}

/** Of the rules of this room and of the split: what other rules made is not taken for what these would make. */
const VERSION = 1
/** Between two looks around. */
const breathMs = 100

/** The tokenizer that a dataset teaches, by the part of it that is trained on; null when it should stop. Learned once. */
export async function learnedTokenizer(
  parts: TokenParts,
  digest: Digest,
  vocabularySize: number,
): Promise<Tokenizer | null> {
  const name = cacheName({ VERSION, digest, validationShare, kind: 'BPE', vocabularySize }, 'tokenizer.json')
  const known = await parts.cache.read(name)
  if (known) return fromHuggingFace(JSON.parse(known.toString()))

  const { texts, keptLots, characters } = await openTexts(parts.blobs, digest)
  const trainer = tokenizerTrainer({ vocabularySize, specialTokens: [END_OF_TEXT] })
  // Where whole documents are not kept, the end of all is.
  let left = keptLots === null ? Math.floor(characters * (1 - validationShare)) : Number.POSITIVE_INFINITY
  const isShort = await eachText(parts, texts, ({ text, isKept }) => {
    if (isKept || left <= 0) return
    trainer.add(text.length > left ? text.slice(0, left) : text)
    left -= text.length
  })
  if (isShort) return null
  const tokenizer = trainer.finish()
  await parts.cache.make(name, async file => {
    await file.writeFile(JSON.stringify(toHuggingFace(tokenizer)))
    await file.sync()
    return true
  })
  return tokenizer
}

/** The tokens of a dataset, for as long as they are open; null when it should stop. Made once. */
export async function openTokens(
  parts: TokenParts,
  digest: Digest,
  tokenizer: Tokenizer,
): Promise<StoredTokens | null> {
  const name = cacheName({ VERSION, digest, validationShare, tokenizer: toHuggingFace(tokenizer) }, 'tokens')
  const known = await parts.cache.find(name)
  const stored = known && openTokenFile(known)
  if (stored) return stored
  const path = await parts.cache.make(name, (file, aside) => tokenize(parts, digest, tokenizer, file, aside))
  return path === null ? null : openTokenFile(path)
}

async function tokenize(
  parts: TokenParts,
  digest: Digest,
  tokenizer: Tokenizer,
  file: FileHandle,
  aside: FileHandle,
): Promise<boolean> {
  const { texts, keptLots, isText } = await openTexts(parts.blobs, digest)
  const width = widthOf(tokenizer.vocabularySize)
  const [training, kept] = [tokenWriter(file, width), tokenWriter(aside, width)]
  const end = isText ? undefined : tokenizer.specialTokens.get(END_OF_TEXT)
  const isShort = await eachText(parts, texts, async ({ text, isLast, isKept }) => {
    const side = isKept ? kept : training
    await side.write(tokenizer.encode(text))
    if (isLast && end !== undefined) await side.write([end])
  })
  if (isShort) return false
  await training.flush()
  await kept.flush()
  if (keptLots === null) {
    const boundary = Math.round(training.count() * (1 - validationShare))
    await seal(file, boundary, training.count() - boundary, width)
  } else await join(file, training.count(), aside, kept.count(), width)
  return true
}

interface OpenTexts {
  readonly texts: AsyncIterable<TextPart> | Iterable<TextPart>
  /** Null where not whole documents are kept for validation, but the end of all. */
  readonly keptLots: number | null
  readonly characters: number
  /** One that came as it is, without an end to be marked. */
  readonly isText: boolean
}

async function openTexts(blobs: Blobs, digest: Digest): Promise<OpenTexts> {
  const documents = await findDocuments(blobs, digest)
  if (!documents) {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await blobs.bytes(digest))
    return { texts: [{ text, isLast: true, isKept: false }], keptLots: null, characters: text.length, isText: true }
  }
  const { characters, validationLots: keptLots } = documents.facts
  return { texts: textParts(documents.frames(), keptLots ?? 0), keptLots, characters, isText: false }
}

/** True when it was stopped before the end. */
async function eachText(
  { shouldStop }: TokenParts,
  texts: OpenTexts['texts'],
  take: (part: TextPart) => unknown,
): Promise<boolean> {
  let breathedAt = performance.now()
  for await (const part of texts) {
    await take(part)
    if (performance.now() - breathedAt < breathMs) continue
    // Lets the message in that asks it to stop.
    await new Promise(resolve => setImmediate(resolve))
    if (shouldStop()) return true
    breathedAt = performance.now()
  }
  return false
}
