import type { Random } from '../random.ts'

/** How many of so many numbers a density keeps: its share, rounded down, but one at least where it keeps anything. */
export const keptCount = (count: number, density: number): number =>
  density <= 0 ? 0 : Math.min(count, Math.max(1, Math.floor(density * count)))

/**
 * Sets all numbers to zero but those whose rank by magnitude, from 0 for the smallest, is in [from, to). Of equal
 * magnitudes the earlier has the lower rank. In place.
 */
export function keepRanks(numbers: Float64Array, from: number, to: number): Float64Array {
  if (from >= to) return numbers.fill(0)
  const sorted = numbers.map(Math.abs).sort()
  const [low, high] = [sorted[from]!, sorted[to - 1]!]
  // Ranks of the next number of either magnitude; where both are one, so are the ranks.
  const next = new Map([[low, firstOf(sorted, low)]])
  next.set(high, firstOf(sorted, high))
  for (let index = 0; index < numbers.length; index++) {
    const magnitude = Math.abs(numbers[index]!)
    if (magnitude > low && magnitude < high) continue
    const rank = next.get(magnitude)
    if (rank !== undefined) next.set(magnitude, rank + 1)
    if (rank === undefined || rank < from || rank >= to) numbers[index] = 0
  }
  return numbers
}

/** Where a value first stands in sorted numbers. */
function firstOf(sorted: Float64Array, value: number): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (sorted[middle]! < value) from = middle + 1
    else to = middle
  }
  return from
}

/** Keeps each number with its probability, and divides what is kept by it, so that the expectation stays. In place. */
export function keepByChance(
  numbers: Float64Array,
  probability: (index: number) => number,
  { rescale, random }: { readonly rescale: boolean; readonly random: Random },
): Float64Array {
  for (let index = 0; index < numbers.length; index++) {
    const chance = probability(index)
    if (random.next() >= chance) numbers[index] = 0
    else if (rescale) numbers[index]! /= chance
  }
  return numbers
}
