import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../engine/random.ts'
import { type Merge, mergePiece, mergeTable } from '../../../engine/tokenizing/merges.ts'

/** By the definition: the lowest merge that there is, at its leftmost place, again and again. */
function naive(symbols: readonly number[], merges: readonly Merge[], results: readonly number[]): number[] {
  let left = [...symbols]
  for (;;) {
    const rank = merges.findIndex(([a, b]) => left.some((symbol, at) => symbol === a && left[at + 1] === b))
    if (rank < 0) return left
    const at = left.findIndex((symbol, place) => symbol === merges[rank]![0] && left[place + 1] === merges[rank]![1])
    left = [...left.slice(0, at), results[rank]!, ...left.slice(at + 2)]
  }
}

describe('merging a piece', () => {
  it.each([0, 1, 2, 3, 17, 90, 255, 256, 257, 400])('of %i symbols gives the tokens of the definition', length => {
    const random = seededRandom(length + 1)
    for (let round = 0; round < 5; round++) {
      const merges: Merge[] = []
      const results: number[] = []
      for (let result = 3; result < 30; result++) {
        const pair = [random.integer(result), random.integer(result)] as const
        if (merges.some(([a, b]) => a === pair[0] && b === pair[1])) continue
        merges.push(pair)
        results.push(result)
      }
      const symbols = Array.from({ length }, () => random.integer(3))
      expect([...mergePiece([...symbols], mergeTable(merges, results))]).toEqual(naive(symbols, merges, results))
    }
  })
})
