import type { Merge } from './merges.ts'
import { latin1 } from './tokenizer.ts'

/** Counts the characters of a text that is given part by part. */
export function createCharacterCounter() {
  const counts = new Map<string, number>()
  return {
    add(text: string): void {
      for (const character of text) {
        // The others are a byte, and have its token.
        if (character >= '\u0080') counts.set(character, (counts.get(character) ?? 0) + 1)
      }
    },
    learned: (size: number) => characterMerges(counts, size),
  }
}

/**
 * Merges that join the bytes of a character and nothing else: the most frequent characters first, among equals the lower
 * code point, as many as `size` tokens allow. As each begins with the byte that leads a character, no merge crosses two,
 * whatever cuts the text before; so such a tokenizer is written to files like any other of byte-level BPE.
 */
function characterMerges(counts: ReadonlyMap<string, number>, size: number) {
  const vocabulary = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))
  const ids = new Map(vocabulary.map((bytes, id) => [latin1(bytes), id]))
  const merges: Merge[] = []
  const ranked = Array.from(counts).sort(
    ([one, ones], [other, others]) => others - ones || one.codePointAt(0)! - other.codePointAt(0)!,
  )
  for (const [character] of ranked) {
    const bytes = Buffer.from(character)
    const missing = Array.from({ length: bytes.length - 1 }, (_, index) => bytes.subarray(0, index + 2)).filter(
      prefix => !ids.has(latin1(prefix)),
    )
    if (vocabulary.length + missing.length > size) break
    for (const prefix of missing) {
      merges.push([ids.get(latin1(prefix.subarray(0, -1)))!, prefix.at(-1)!])
      ids.set(latin1(prefix), vocabulary.push(Uint8Array.from(prefix)) - 1)
    }
  }
  return { vocabulary, merges }
}
