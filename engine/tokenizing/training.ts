import { EngineError } from '../errors.ts'
import type { Merge } from './merges.ts'
import { PairIndex } from './pair-index.ts'
import { countPreTokens } from './pre-tokens.ts'
import { createTokenizer, latin1, type Tokenizer } from './tokenizer.ts'

export interface TokenizerTraining {
  /** Tokens in all: 256 bytes, merges and special tokens. */
  readonly vocabularySize: number
  readonly specialTokens: readonly string[]
}

/**
 * Learns byte-pair merges (Sennrich et al. 2016): again and again the most frequent pair of neighbours becomes a token;
 * among equals, the one with the lower ids. Ids are the bytes, the merges as learned, the special tokens. It ends early
 * when no pair occurs twice, so the vocabulary may be smaller than asked. Throws INVALID_INPUT if it has no room for bytes.
 */
export function trainTokenizer(text: string, { vocabularySize, specialTokens }: TokenizerTraining): Tokenizer {
  const ordinary = vocabularySize - specialTokens.length
  if (!Number.isSafeInteger(vocabularySize) || ordinary < 256) {
    throw new EngineError(
      'INVALID_INPUT',
      `vocabularySize is ${vocabularySize}: 256 bytes and ${specialTokens.length} special tokens need at least ${256 + specialTokens.length}`,
    )
  }
  const { vocabulary, merges } = learnMerges(countPreTokens(text), ordinary)
  const specials = new Map(specialTokens.map((name, index) => [name, vocabulary.length + index]))
  const utf8 = new TextEncoder()
  return createTokenizer({
    vocabulary: [...vocabulary, ...specialTokens.map(name => utf8.encode(name))],
    merges,
    specialTokens: specials,
  })
}

interface Learned {
  readonly vocabulary: Uint8Array[]
  readonly merges: Merge[]
}

/** Merges from the counts of pieces alone, so that a large text can be counted in parts. */
export function learnMerges(pieces: ReadonlyMap<string, number>, size: number): Learned {
  const vocabulary = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))
  const ids = new Map(vocabulary.map((bytes, id) => [latin1(bytes), id]))
  const merges: Merge[] = []
  const pairs = new PairIndex(pieces)

  while (vocabulary.length < size) {
    const best = pairs.mostFrequent()
    if (!best || best.count < 2) break
    const bytes = Buffer.concat([vocabulary[best.left], vocabulary[best.right]])
    // Two pairs may spell the same token; then it keeps its id.
    const id = ids.get(latin1(bytes)) ?? vocabulary.push(bytes) - 1
    ids.set(latin1(bytes), id)
    merges.push([best.left, best.right])
    pairs.merge(best, id)
  }
  return { vocabulary, merges }
}
