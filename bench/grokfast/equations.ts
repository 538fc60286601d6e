import { seededRandom } from '../../engine/random.ts'

const PRIME = 97
const EQUALS = PRIME
const TIMES = PRIME + 1
/** x ∘ y = */
export const LENGTH = 4

export interface Equations {
  /** [rows, LENGTH] */
  readonly tokens: Int32Array
  /** [rows] */
  readonly answers: Int32Array
}

/** x·y mod 97 for every x from 0 and y from 1, shuffled by the seed and cut in two equal halves. */
export function equations(seed: number): { training: Equations; validation: Equations } {
  const pairs: [x: number, y: number][] = []
  for (let x = 0; x < PRIME; x++) for (let y = 1; y < PRIME; y++) pairs.push([x, y])
  seededRandom(seed).shuffle(pairs)
  const half = pairs.length / 2
  return { training: equationsOf(pairs.slice(0, half)), validation: equationsOf(pairs.slice(half)) }
}

const equationsOf = (pairs: readonly (readonly [number, number])[]): Equations => ({
  tokens: Int32Array.from(pairs.flatMap(([x, y]) => [x, TIMES, y, EQUALS])),
  answers: Int32Array.from(pairs, ([x, y]) => (x * y) % PRIME),
})

/** The rows of a permutation in batches; the last may be smaller. */
export function* batchesOf(
  { tokens, answers }: Equations,
  order: readonly number[],
  size: number,
): Generator<Equations> {
  for (let start = 0; start < order.length; start += size) {
    const rows = order.slice(start, start + size)
    yield {
      tokens: Int32Array.from(rows.flatMap(row => [...tokens.subarray(row * LENGTH, (row + 1) * LENGTH)])),
      answers: Int32Array.from(rows, row => answers[row]!),
    }
  }
}
