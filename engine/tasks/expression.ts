import { EngineError } from '../errors.ts'

/** The value of an operation for x and y modulo a prime, from 0; undefined where it divides by zero. */
export type Operation = (x: number, y: number, prime: number) => number | undefined

/**
 * Reads an operation on x and y, such as `x*y`, `x/y` or `x^2 + x*y + y^2`: whole numbers, + − * /, powers with a whole
 * exponent, and brackets. A division multiplies with the inverse modulo the prime. Throws INVALID_INPUT on anything else.
 */
export function parseOperation(text: string): Operation {
  const symbols = text.match(/\d+|\S/g) ?? []
  let at = 0

  const sum = (): Operation => {
    let left = product()
    while (symbols[at] === '+' || symbols[at] === '-')
      left = joined(left, symbols[at++] === '+' ? add : subtract, product())
    return left
  }
  const product = (): Operation => {
    let left = power()
    while (symbols[at] === '*' || symbols[at] === '/')
      left = joined(left, symbols[at++] === '*' ? multiply : divide, power())
    return left
  }
  const power = (): Operation => {
    const base = atom()
    if (symbols[at] !== '^') return base
    const exponent = symbols[++at]
    if (!/^\d{1,4}$/.test(exponent ?? '')) throw unreadable(text, exponent)
    at++
    return (x, y, prime) => {
      const value = base(x, y, prime)
      return value === undefined ? undefined : powerOf(value, Number(exponent), prime)
    }
  }
  const atom = (): Operation => {
    const symbol = symbols[at++]
    if (symbol === 'x') return (x, _, prime) => x % prime
    if (symbol === 'y') return (_, y, prime) => y % prime
    if (/^\d{1,9}$/.test(symbol ?? '')) return (_x, _y, prime) => Number(symbol) % prime
    if (symbol === '-') return joined(() => 0, subtract, power())
    if (symbol !== '(') throw unreadable(text, symbol)
    const inner = sum()
    if (symbols[at] !== ')') throw unreadable(text, symbols[at])
    at++
    return inner
  }

  const operation = sum()
  if (at < symbols.length) throw unreadable(text, symbols[at])
  return operation
}

type Step = (left: number, right: number, prime: number) => number | undefined

const joined =
  (left: Operation, step: Step, right: Operation): Operation =>
  (x, y, prime) => {
    const [a, b] = [left(x, y, prime), right(x, y, prime)]
    return a === undefined || b === undefined ? undefined : step(a, b, prime)
  }
const add: Step = (a, b, prime) => (a + b) % prime
const subtract: Step = (a, b, prime) => (a - b + prime) % prime
const multiply: Step = (a, b, prime) => (a * b) % prime
// Fermat: b^(p−2) is the inverse of b.
const divide: Step = (a, b, prime) => (b === 0 ? undefined : (a * powerOf(b, prime - 2, prime)) % prime)

function powerOf(base: number, exponent: number, prime: number): number {
  let result = 1 % prime
  for (let square = base, rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * square) % prime
    square = (square * square) % prime
  }
  return result
}

function unreadable(text: string, symbol: string | undefined): EngineError {
  const where = symbol === undefined ? 'ends too early' : `cannot be read at "${symbol}"`
  return new EngineError('INVALID_INPUT', `the operation "${text}" ${where}: write it of x, y, numbers, + - * / ^ ( )`)
}
