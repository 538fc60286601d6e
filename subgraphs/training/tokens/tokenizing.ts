import type { FileHandle } from 'node:fs/promises'
import { fromHuggingFace, toHuggingFace } from '../../../engine/tokenizing/hugging-face.ts'
import { END_OF_TEXT, type Tokenizer } from '../../../engine/tokenizing/tokenizer.ts'
import { tokenizerTrainer } from '../../../engine/tokenizing/training.ts'
import type { Digest } from '../../../kernel/blobs/blobs.ts'
import { validationShare } from '../recipes/config.ts'
import { cacheName } from './cache.ts'
import { type MakingParts, madeOnce, type TokenParts } from './once.ts'
import { eachText, openTexts } from './texts.ts'
import { openTokenFile, type StoredTokens, widthOf } from './token-file.ts'
import { join, seal, tokenWriter } from './token-writer.ts'

/** Of the rules of this room and of the split: what other rules made is not taken for what these would make. */
const VERSION = 1

/** The tokenizer that a dataset teaches, by the part of it that is trained on; null when it should stop. Learned once. */
export async function learnedTokenizer(
  parts: TokenParts,
  digest: Digest,
  vocabularySize: number,
): Promise<Tokenizer | null> {
  const name = cacheName({ VERSION, digest, validationShare, kind: 'BPE', vocabularySize }, 'tokenizer.json')
  const known = async () => {
    const json = await parts.cache.read(name)
    return json && fromHuggingFace(JSON.parse(json.toString()))
  }
  return madeOnce(parts, { name, what: 'learning the tokenizer of this dataset', known }, async making => {
    const tokenizer = await learn(making, digest, vocabularySize)
    if (!tokenizer) return null
    await parts.cache.make(name, async file => {
      await file.writeFile(JSON.stringify(toHuggingFace(tokenizer)))
      await file.sync()
      return true
    })
    return tokenizer
  })
}

/** The tokens of a dataset, for as long as they are open; null when it should stop. Made once. */
export async function openTokens(
  parts: TokenParts,
  digest: Digest,
  tokenizer: Tokenizer,
): Promise<StoredTokens | null> {
  const name = cacheName({ VERSION, digest, validationShare, tokenizer: toHuggingFace(tokenizer) }, 'tokens')
  const known = async () => {
    const path = await parts.cache.find(name)
    return path === null ? null : openTokenFile(path)
  }
  return madeOnce(parts, { name, what: 'tokenizing this dataset', known }, async making => {
    const path = await parts.cache.make(name, (file, aside) => tokenize(making, digest, tokenizer, file, aside))
    return path === null ? null : openTokenFile(path)
  })
}

async function learn(parts: MakingParts, digest: Digest, vocabularySize: number): Promise<Tokenizer | null> {
  const texts = await openTexts(parts.blobs, digest)
  const trainer = tokenizerTrainer({ vocabularySize, specialTokens: [END_OF_TEXT] })
  // Where whole documents are not kept, the end of all is.
  let left = texts.keepsDocuments ? Number.POSITIVE_INFINITY : Math.floor(texts.characters * (1 - validationShare))
  const isShort = await eachText(parts, texts, ({ text, isKept }) => {
    if (isKept || left <= 0) return
    trainer.add(text.length > left ? text.slice(0, left) : text)
    left -= text.length
  })
  return isShort ? null : trainer.finish()
}

async function tokenize(
  parts: MakingParts,
  digest: Digest,
  tokenizer: Tokenizer,
  file: FileHandle,
  aside: FileHandle,
): Promise<boolean> {
  const texts = await openTexts(parts.blobs, digest)
  const width = widthOf(tokenizer.vocabularySize)
  const [training, kept] = [tokenWriter(file, width), tokenWriter(aside, width)]
  const end = texts.isText ? undefined : tokenizer.specialTokens.get(END_OF_TEXT)
  const isShort = await eachText(parts, texts, async ({ text, isLast, isKept }) => {
    const side = isKept ? kept : training
    await side.write(tokenizer.encode(text))
    if (isLast && end !== undefined) await side.write([end])
  })
  if (isShort) return false
  await training.flush()
  await kept.flush()
  if (texts.keepsDocuments) await join(file, training.count(), aside, kept.count(), width)
  else {
    const boundary = Math.round(training.count() * (1 - validationShare))
    await seal(file, boundary, training.count() - boundary, width)
  }
  return true
}
