import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Merge } from '../../../engine/tokenizing/merges.ts'
import { createPieceCounter } from '../../../engine/tokenizing/piece-counts.ts'
import { preTokens } from '../../../engine/tokenizing/pre-tokens.ts'
import { learnMerges, tokenizerTrainer, trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { sample } from './sample.ts'

/** The definition, counted anew before every merge. */
function learnSlowly(pieces: ReadonlyMap<string, number>, size: number): Merge[] {
  const vocabulary = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
  let words = Array.from(pieces, ([piece, count]) => ({ symbols: [...Buffer.from(piece)], count }))
  const merges: Merge[] = []
  while (vocabulary.length < size) {
    const counts = new Map<string, number>()
    for (const { symbols, count } of words) {
      for (let at = 1; at < symbols.length; at++) {
        const pair = `${symbols[at - 1]},${symbols[at]}`
        counts.set(pair, (counts.get(pair) ?? 0) + count)
      }
    }
    const ranked = Array.from(counts, ([pair, count]) => ({ pair: pair.split(',').map(Number), count }))
    ranked.sort((a, b) => b.count - a.count || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1])
    if (!(ranked[0]?.count >= 2)) break
    const [left, right] = ranked[0].pair
    const known = vocabulary.indexOf(vocabulary[left] + vocabulary[right])
    const id = known >= 0 ? known : vocabulary.push(vocabulary[left] + vocabulary[right]) - 1
    merges.push([left, right])
    words = words.map(({ symbols, count }) => ({ symbols: replaced(symbols, left, right, id), count }))
  }
  return merges
}

function counted(...parts: string[]): ReadonlyMap<string, number> {
  const counter = createPieceCounter()
  for (const part of parts) counter.add(part)
  return counter.counts()
}

function replaced(symbols: number[], left: number, right: number, id: number): number[] {
  const out: number[] = []
  for (let at = 0; at < symbols.length; at++) {
    const matches = symbols[at] === left && symbols[at + 1] === right
    out.push(matches ? id : symbols[at])
    if (matches) at++
  }
  return out
}

describe('training a tokenizer', () => {
  it('learns from the most frequent pieces only, however many there are', () => {
    const word = (n: number): string => ` ${n.toString(26).replace(/\d/g, digit => 'qrstuvwxyz'[Number(digit)]!)}`
    const rare = Array.from({ length: 300_000 }, (_, n) => word(n)).join('')
    const counts = counted(rare, ' whale'.repeat(3), ' ocean'.repeat(2))
    expect(counts.size).toBe(131_072)
    expect([counts.get(' whale'), counts.get(' ocean')]).toEqual([3, 2])
    expect([counts.has(word(1)), counts.has(word(299_999))]).toEqual([true, false])
  })

  it('merges the most frequent pair first, and among equals the lower ids', () => {
    // "ab" three times; then "abc" twice, "de" twice: a tie that (100, 101) wins over (256, 99).
    const { merges } = learnMerges(
      new Map([
        ['abc', 2],
        ['ab', 1],
        ['de', 2],
      ]),
      300,
    )
    expect(merges).toEqual([
      [97, 98],
      [100, 101],
      [256, 99],
    ])
  })

  it('learns what counting anew before every merge learns', () => {
    const pieces = counted(sample)
    expect(learnMerges(pieces, 420).merges).toEqual(learnSlowly(pieces, 420))
  })

  it('learns the same where pairs overlap', () => {
    const words = fc.dictionary(
      fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1 }),
      fc.integer({ min: 1, max: 9 }),
    )
    fc.assert(
      fc.property(words, counts => {
        const pieces = new Map(Object.entries(counts))
        expect(learnMerges(pieces, 280).merges).toEqual(learnSlowly(pieces, 280))
      }),
    )
  })

  it('makes exactly the vocabulary asked for, special tokens last', () => {
    const tokenizer = trainTokenizer(sample, { vocabularySize: 300, specialTokens: ['<|endoftext|>', '<|user|>'] })
    expect(tokenizer.vocabularySize).toBe(300)
    expect(Array.from(tokenizer.specialTokens)).toEqual([
      ['<|endoftext|>', 298],
      ['<|user|>', 299],
    ])
  })

  it('stops when no pair occurs twice', () => {
    const tokenizer = trainTokenizer('abc', { vocabularySize: 300, specialTokens: ['<|endoftext|>'] })
    expect(tokenizer.vocabularySize).toBe(257)
  })

  it.each([256, 300.5, Number.NaN])('refuses a vocabulary of %s', vocabularySize => {
    expect(() => trainTokenizer('abc', { vocabularySize, specialTokens: ['<|endoftext|>'] })).toThrow(/at least 257/)
  })

  it('counts every piece of a text, also where it comes in parts that end between two words', () => {
    const slowly = new Map<string, number>()
    for (const piece of preTokens(sample)) slowly.set(piece, (slowly.get(piece) ?? 0) + 1)
    expect(new Map([...counted(sample)].sort())).toEqual(new Map([...slowly].sort()))
    const cut = sample.indexOf(' years')
    expect(new Map(counted(sample.slice(0, cut), sample.slice(cut)))).toEqual(new Map(counted(sample)))
  })

  it('counts a text without spaces, of which it cannot keep every part until the end', () => {
    const part = `${'世'.repeat(1 << 20)}。`
    const counts = counted(...Array.from({ length: 20 }, (_, n) => `${part}${n}`))
    expect([counts.get(part.slice(0, -1)), counts.get('。'), counts.get('19')]).toEqual([20, 20, 1])
  })

  it('is not slowed down by a word of 200,000 letters', () => {
    const text = 'ab'.repeat(100_000)
    const tokenizer = trainTokenizer(text, { vocabularySize: 300, specialTokens: [] })
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  })
})

describe('a character-level tokenizer', () => {
  const train = (text: string, vocabularySize = 300) =>
    trainTokenizer(text, { kind: 'CHARACTER', vocabularySize, specialTokens: ['<|endoftext|>'] })

  it('has a token for every character it has seen, and no longer ones', () => {
    const text = 'größe, größe; 世界 🌊'
    const tokenizer = train(text)
    expect(Array.from(tokenizer.encode(text), id => tokenizer.decode([id]))).toEqual([...text])
  })

  it('gives every string and every byte string back exactly', () => {
    const tokenizer = train('größe 世界 🌊🌍')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (text, bytes) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
        expect([...tokenizer.decodeBytes(tokenizer.encodeBytes(bytes))]).toEqual([...bytes])
      }),
    )
  })

  it('prefers the most frequent characters where there is no room for all', () => {
    const tokenizer = train('éééèèö', 259)
    expect([...tokenizer.encode('éèö')].map(id => tokenizer.decodeBytes([id]).length)).toEqual([2, 2, 1, 1])
  })

  it('does not depend on the parts that the text came in', () => {
    const trainer = tokenizerTrainer({ kind: 'CHARACTER', vocabularySize: 300, specialTokens: [] })
    for (const part of ['größe ', '世界']) trainer.add(part)
    const { vocabulary } = trainTokenizer('größe 世界', { kind: 'CHARACTER', vocabularySize: 300, specialTokens: [] })
    expect(trainer.finish().vocabulary).toEqual(vocabulary)
  })
})
