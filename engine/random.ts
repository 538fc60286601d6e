import { EngineError } from './errors.ts'

/** The whole state of a generator: four unsigned 32-bit words, as JSON can carry them. */
export type RandomState = readonly [number, number, number, number]

/** A seeded stream of numbers. Equal seeds give equal streams on every machine. */
export interface Random {
  /** Uniform in [0, 1), in steps of 2⁻³². */
  next(): number
  /** Uniform in 0 … below − 1, without bias; `below` at most 2³². */
  integer(below: number): number
  /** Standard normal. */
  normal(): number
  /** Fisher–Yates, in place. */
  shuffle<T>(items: T[]): T[]
  state(): RandomState
}

/**
 * xoshiro128** 1.1 (Blackman and Vigna, prng.di.unimi.it), its state filled from the seed by SplitMix32
 * so that neighbouring seeds start far apart. Throws INVALID_INPUT unless the seed is a safe integer ≥ 0.
 */
export function seededRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new EngineError('INVALID_INPUT', `seed is ${seed}: it must be a whole number from 0 to 2^53 − 1`)
  }
  // The high half stirs the low one, so that all 53 bits of a seed matter.
  let counter = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b9)) >>> 0
  const word = () => {
    counter = (counter + 0x9e3779b9) >>> 0
    let mixed = Math.imul(counter ^ (counter >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  return restoredRandom([word(), word(), word(), word()])
}

/** Continues a stream from a saved state. */
export function restoredRandom(state: RandomState): Random {
  const words = Uint32Array.from(state)
  if (words.every(word => word === 0)) {
    throw new EngineError(
      'INVALID_INPUT',
      'a random state of four zeros never leaves zero: it was not saved by this generator',
    )
  }

  const bits = () => {
    const result = Math.imul(rotate(Math.imul(words[1], 5), 7), 9) >>> 0
    const shifted = words[1] << 9
    words[2] ^= words[0]
    words[3] ^= words[1]
    words[1] ^= words[2]
    words[0] ^= words[3]
    words[2] ^= shifted
    words[3] = rotate(words[3], 11)
    return result
  }

  const next = () => bits() / 2 ** 32

  const integer = (below: number) => {
    if (!Number.isInteger(below) || below < 1 || below > 2 ** 32) {
      throw new EngineError('INVALID_INPUT', `cannot draw an integer below ${below}: it must be from 1 to 2^32`)
    }
    // Draws in the last, incomplete block of `below` values would favour small results: draw again.
    const limit = 2 ** 32 - (2 ** 32 % below)
    let drawn = bits()
    while (drawn >= limit) drawn = bits()
    return drawn % below
  }

  return {
    next,
    integer,
    // Box–Muller; 1 − u keeps the logarithm away from zero.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    shuffle(items) {
      for (let last = items.length - 1; last > 0; last--) {
        const other = integer(last + 1)
        const moved = items[last]
        items[last] = items[other]
        items[other] = moved
      }
      return items
    },
    state: () => [words[0], words[1], words[2], words[3]],
  }
}

function rotate(word: number, by: number): number {
  return ((word << by) | (word >>> (32 - by))) >>> 0
}
