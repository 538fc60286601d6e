import type { Random } from '../random.ts'

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const TENS = ' ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')

/** A whole number from −999,999 to 999,999 in English: `minus forty-two`, `one hundred five`. */
export function inWords(value: number): string {
  if (value < 0) return `minus ${inWords(-value)}`
  if (value < 20) return SMALL[value]
  if (value < 100) return TENS[Math.floor(value / 10)] + (value % 10 === 0 ? '' : `-${SMALL[value % 10]}`)
  const [unit, name] = value < 1_000 ? [100, 'hundred'] : [1_000, 'thousand']
  const rest = value % unit
  return `${inWords(Math.floor(value / unit))} ${name}${rest === 0 ? '' : ` ${inWords(rest)}`}`
}

const OPERATIONS: readonly [string, (a: number, b: number) => number][] = [
  ['plus', (a, b) => a + b],
  ['minus', (a, b) => a - b],
  ['times', (a, b) => a * b],
]

/** Two numbers up to `largest` (at most 999), and what they make: `seven times six is forty-two`. */
export function arithmeticLine(random: Random, largest: number): string {
  const [name, operation] = OPERATIONS[random.integer(OPERATIONS.length)]
  const [a, b] = [random.integer(largest + 1), random.integer(largest + 1)]
  return `${inWords(a)} ${name} ${inWords(b)} is ${inWords(operation(a, b))}`
}
