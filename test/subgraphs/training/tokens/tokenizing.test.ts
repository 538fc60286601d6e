import { readdir, truncate, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { END_OF_TEXT } from '../../../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../../../engine/tokenizing/training.ts'
import type { Tokens } from '../../../../engine/training/batches.ts'
import { storeDocuments } from '../../../../subgraphs/training/documents/content.ts'
import { wholeDocument } from '../../../../subgraphs/training/documents/piece.ts'
import { openCache } from '../../../../subgraphs/training/tokens/cache.ts'
import { learnedTokenizer, openTokens } from '../../../../subgraphs/training/tokens/tokenizing.ts'
import { trainingInMemory } from '../memory.ts'
import { scratchCache, tokenParts } from '../token-cache.ts'

const text = Array.from({ length: 3_000 }, (_, index) => `The ${index} waves of a sea — wäre es so.\n`).join('')
const tokenizer = trainTokenizer(text, { vocabularySize: 400, specialTokens: [END_OF_TEXT] })
const end = tokenizer.specialTokens.get(END_OF_TEXT)!
const cache = scratchCache()

const all = (tokens: Tokens) => Array.from(tokens.subarray(0, tokens.length))

async function documents(texts: readonly string[]) {
  const { blobs } = trainingInMemory().parts
  async function* pieces() {
    yield texts.map(wholeDocument)
  }
  const { blob } = await storeDocuments(blobs, pieces())
  return { parts: tokenParts(blobs, cache), blobs, digest: blob.digest }
}

/** The documents that tokens stand for. */
const split = (tokens: Tokens) => {
  const found: string[] = []
  let ids: number[] = []
  for (const id of all(tokens)) {
    if (id !== end) ids.push(id)
    else {
      found.push(tokenizer.decode(ids))
      ids = []
    }
  }
  expect(ids).toEqual([])
  return found
}

describe('openTokens', () => {
  it('has every document whole on one side, equal ones on the same, and all of them', async () => {
    const texts = Array.from({ length: 400 }, (_, index) => `Document ${index % 150} of the sea.`)
    const { parts, digest } = await documents(texts)
    using tokens = (await openTokens(parts, digest, tokenizer))!
    const [training, validation] = [split(tokens.training), split(tokens.validation)]
    expect([...training, ...validation].toSorted()).toEqual(texts.toSorted())
    expect(validation.length).toBeGreaterThan(0)
    expect(training.filter(one => validation.includes(one))).toEqual([])
  })

  it('gives a document that is read in parts the tokens of the whole', async () => {
    const long = text.repeat(3)
    const { parts, digest } = await documents([long])
    using tokens = (await openTokens(parts, digest, tokenizer))!
    const ids = [...all(tokens.training), ...all(tokens.validation)]
    expect(ids).toEqual([...tokenizer.encode(long), end])
    expect(tokens.training.length).toBe(Math.round(ids.length * 0.9))
  })

  it('reads any window as the whole would have it', async () => {
    const { parts, digest } = await documents([text])
    using tokens = (await openTokens(parts, digest, tokenizer))!
    const whole = all(tokens.training)
    for (const [from, to] of [
      [0, 5],
      [1_001, 1_257],
      [whole.length - 3, whole.length],
    ] as const) {
      expect(Array.from(tokens.training.subarray(from, to))).toEqual(whole.slice(from, to))
    }
  })

  it('does not tokenize again, nor ask for the content', async () => {
    const { parts, digest } = await documents(['one document', 'and another', text])
    const learned = (await learnedTokenizer(parts, digest, 300))!
    const first = (await openTokens(parts, digest, learned))!
    const none = { ...parts, blobs: {} as typeof parts.blobs }
    const again = (await learnedTokenizer(none, digest, 300))!
    using second = (await openTokens(none, digest, again))!
    expect(all(second.training)).toEqual(all(first.training))
    expect(again.merges).toEqual(learned.merges)
    first[Symbol.dispose]()
  })

  it('makes a file anew that was cut short', async () => {
    const { parts, digest } = await documents([`${text}cut`])
    const first = (await openTokens(parts, digest, tokenizer))!
    const whole = all(first.validation)
    first[Symbol.dispose]()
    const known = await readdir(cache.folder)
    await Promise.all(
      known.filter(name => name.endsWith('.tokens')).map(name => truncate(join(cache.folder, name), 1_000)),
    )
    using again = (await openTokens(parts, digest, tokenizer))!
    expect(all(again.validation)).toEqual(whole)
  })

  it('stops when it should, and leaves nothing half', async () => {
    const { parts, digest } = await documents(Array.from({ length: 300 }, (_, index) => text + index))
    const before = await readdir(cache.folder)
    expect(await openTokens({ ...parts, shouldStop: () => true }, digest, tokenizer)).toBeNull()
    expect(await readdir(cache.folder)).toEqual(before)
  })
})

describe('learnedTokenizer', () => {
  it('learns nothing of what is kept for validation', async () => {
    const texts = Array.from({ length: 200 }, (_, index) => `doc ${index} `.repeat(3))
    const plain = await documents(texts)
    using tokens = (await openTokens(plain.parts, plain.digest, tokenizer))!
    const kept = split(tokens.validation)
    const seen = texts.filter(one => !kept.includes(one)).join('')
    const learned = (await learnedTokenizer(plain.parts, plain.digest, 290))!
    const same = trainTokenizer(seen, { vocabularySize: 290, specialTokens: [END_OF_TEXT] })
    expect(learned.merges).toEqual(same.merges)
  })
})

describe('the cache', () => {
  it('drops what was not used for the longest, beyond its limit', async () => {
    const small = scratchCache(2_500)
    const { find, make } = openCache(small)
    const write = (name: string) =>
      make(name, async file => {
        await file.write(Buffer.alloc(1_000))
        return true
      })
    await write('a')
    await write('b')
    await utimes(join(small.folder, 'b'), 1, 1)
    await write('c')
    expect(await Promise.all(['a', 'b', 'c'].map(async name => (await find(name)) !== null))).toEqual([
      true,
      false,
      true,
    ])
  })
})
