import { EngineError } from '../errors.ts'
import { createCharacterCounter } from './characters.ts'
import type { Merge } from './merges.ts'
import { PairIndex } from './pair-index.ts'
import { createPieceCounter } from './piece-counts.ts'
import { createTokenizer, latin1, type Tokenizer } from './tokenizer.ts'

/** What tokens are learned: those of byte-pair encoding, or one for each character. */
export const tokenizerKinds = ['BPE', 'CHARACTER'] as const
export type TokenizerKind = (typeof tokenizerKinds)[number]

export interface TokenizerTraining {
  /** BPE by default. */
  readonly kind?: TokenizerKind
  /** Tokens in all: 256 bytes, merges and special tokens. */
  readonly vocabularySize: number
  readonly specialTokens: readonly string[]
}

/** Learns from a text that comes part by part, in memory that does not grow with it. Parts end between two words. */
export interface TokenizerTrainer {
  add(text: string): void
  finish(): Tokenizer
}

/**
 * BPE learns byte-pair merges (Sennrich et al. 2016): again and again the most frequent pair of neighbours becomes a
 * token; among equals, the one with the lower ids. CHARACTER gives the most frequent characters a token each, and
 * spells the others in bytes. Ids are the bytes, the merges as learned, the special tokens. It ends early when no pair
 * occurs twice, so the vocabulary may be smaller than asked. Throws INVALID_INPUT if it has no room for bytes.
 */
export function tokenizerTrainer({ kind = 'BPE', vocabularySize, specialTokens }: TokenizerTraining): TokenizerTrainer {
  const ordinary = vocabularySize - specialTokens.length
  if (!Number.isSafeInteger(vocabularySize) || ordinary < 256) {
    throw new EngineError(
      'INVALID_INPUT',
      `vocabularySize is ${vocabularySize}: 256 bytes and ${specialTokens.length} special tokens need at least ${256 + specialTokens.length}`,
    )
  }
  const utf8 = new TextEncoder()
  const withSpecials = ({ vocabulary, merges }: Learned): Tokenizer =>
    createTokenizer({
      vocabulary: [...vocabulary, ...specialTokens.map(name => utf8.encode(name))],
      merges,
      specialTokens: new Map(specialTokens.map((name, index) => [name, vocabulary.length + index])),
    })

  if (kind === 'CHARACTER') {
    const characters = createCharacterCounter()
    return { add: characters.add, finish: () => withSpecials(characters.learned(ordinary)) }
  }
  const pieces = createPieceCounter()
  return { add: pieces.add, finish: () => withSpecials(learnMerges(pieces.counts(), ordinary)) }
}

/** Learns from one text; see `tokenizerTrainer`. */
export function trainTokenizer(text: string, training: TokenizerTraining): Tokenizer {
  const trainer = tokenizerTrainer(training)
  trainer.add(text)
  return trainer.finish()
}

export interface Learned {
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
