import { EngineError } from '../errors.ts'
import { parseOperation } from './expression.ts'

export interface ModularArithmetic {
  /** Of x and y; see `parseOperation`. */
  readonly operation: string
  /** From 2 to 1,021: a million equations. */
  readonly prime: number
  /** The least y, 0 by default. Power et al. 2022 and GrokFast's x·y leave y = 0 out. */
  readonly leastY?: number
}

export interface Equation {
  readonly x: number
  readonly y: number
  /** operation(x, y) mod prime */
  readonly result: number
}

const LARGEST_PRIME = 1_021

/**
 * Every equation operation(x, y) mod p with x in 0 … p−1 and y in leastY … p−1, by x and then by y; without those that
 * divide by zero. The task of "Grokking" (Power et al. 2022, arxiv.org/abs/2201.02177). Throws INVALID_INPUT.
 */
export function modularEquations({ operation, prime, leastY = 0 }: ModularArithmetic): Equation[] {
  if (!isPrime(prime) || prime > LARGEST_PRIME) {
    throw new EngineError('INVALID_INPUT', `prime is ${prime}: it must be a prime number from 2 to ${LARGEST_PRIME}`)
  }
  const evaluate = parseOperation(operation)
  const equations: Equation[] = []
  for (let x = 0; x < prime; x++) {
    for (let y = leastY; y < prime; y++) {
      const result = evaluate(x, y, prime)
      if (result !== undefined) equations.push({ x, y, result })
    }
  }
  if (equations.length === 0) {
    throw new EngineError('INVALID_INPUT', `the operation "${operation}" modulo ${prime} divides by zero everywhere`)
  }
  return equations
}

/** Tokens of one equation: x, ∘, y, =, result. */
export const EQUATION_LENGTH = 5

/** Equations as rows of five ids: numbers stand for themselves, `prime` for ∘ and `prime + 1` for =. */
export function equationTokens(equations: readonly Equation[], prime: number): Int32Array {
  return Int32Array.from(equations.flatMap(({ x, y, result }) => [x, prime, y, prime + 1, result]))
}

function isPrime(value: number): boolean {
  if (!Number.isSafeInteger(value) || value < 2) return false
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false
  return true
}
