import type { Random } from '../random.ts'

/** Lengths of a sequence, both of them possible. */
export interface Lengths {
  readonly shortest: number
  readonly longest: number
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const LARGEST_NUMBER = 99

/** A word of random letters, and the same again: `copy qzrt = qzrt`. */
export function copyLine(random: Random, lengths: Lengths): string {
  const word = Array.from({ length: lengthOf(random, lengths) }, () => LETTERS[random.integer(LETTERS.length)]).join('')
  return `copy ${word} = ${word}`
}

/** Random numbers from 0 to 99, and the same in order: `sort 31 4 15 = 4 15 31`. */
export function sortLine(random: Random, lengths: Lengths): string {
  const numbers = Array.from({ length: lengthOf(random, lengths) }, () => random.integer(LARGEST_NUMBER + 1))
  return `sort ${numbers.join(' ')} = ${numbers.toSorted((a, b) => a - b).join(' ')}`
}

const lengthOf = (random: Random, { shortest, longest }: Lengths) => shortest + random.integer(longest - shortest + 1)
