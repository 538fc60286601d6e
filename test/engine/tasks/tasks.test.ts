import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseOperation } from '../../../engine/tasks/expression.ts'
import { EQUATION_LENGTH, equationTokens, modularEquations } from '../../../engine/tasks/modular-arithmetic.ts'
import { inWords } from '../../../engine/tasks/number-words.ts'
import { readTask, taskExamples } from '../../../engine/tasks/task.ts'

describe('an operation', () => {
  const prime = 97
  const number = fc.integer({ min: 0, max: prime - 1 })
  const modulo = (value: bigint) => Number(((value % 97n) + 97n) % 97n)

  it.each<[string, (x: bigint, y: bigint) => bigint]>([
    ['x*y', (x, y) => x * y],
    ['x - y', (x, y) => x - y],
    ['x^3 + x*y^2 + y', (x, y) => x ** 3n + x * y * y + y],
    ['-(x + 2) * (y - 13)', (x, y) => -(x + 2n) * (y - 13n)],
    ['x - y - 3', (x, y) => x - y - 3n],
  ])('is what whole numbers make of %s', (text, expected) => {
    const operation = parseOperation(text)
    fc.assert(
      fc.property(number, number, (x, y) => {
        expect(operation(x, y, prime)).toBe(modulo(expected(BigInt(x), BigInt(y))))
      }),
    )
  })

  it('divides so that multiplying gives back, and has no value where the divisor is zero', () => {
    const operation = parseOperation('x/y')
    for (let y = 1; y < prime; y++) expect((operation(5, y, prime)! * y) % prime).toBe(5)
    expect(operation(5, 0, prime)).toBeUndefined()
  })

  it.each(['', 'x +', 'x ** y', 'z', '(x', 'x)', 'x^y', 'x y'])('cannot be "%s"', text => {
    expect(() => parseOperation(text)).toThrow(/the operation/)
  })
})

describe('modular arithmetic', () => {
  it("has the paper's 9,312 equations for x·y mod 97 without y = 0", () => {
    const equations = modularEquations({ operation: 'x*y', prime: 97, leastY: 1 })
    expect(equations).toHaveLength(97 * 96)
    expect(equations.every(({ x, y, result }) => (x * y) % 97 === result)).toBe(true)
    const tokens = equationTokens(equations, 97)
    expect(tokens).toHaveLength(equations.length * EQUATION_LENGTH)
    expect([...tokens.subarray(5 * 97, 5 * 98)]).toEqual([1, 97, 2, 98, 2])
  })

  it('leaves out what divides by zero', () => {
    expect(modularEquations({ operation: 'x/y', prime: 5 })).toHaveLength(20)
    expect(() => modularEquations({ operation: 'x/(y-y)', prime: 5 })).toThrow(/everywhere/)
  })

  it.each([1, 91, 2.5, 1_031])('refuses a prime of %s', prime => {
    expect(() => modularEquations({ operation: 'x*y', prime })).toThrow(`prime is ${prime}`)
  })
})

describe('the examples of a task', () => {
  const examples = (task: object) => [...taskExamples(readTask(task))]

  it('are the same for the same seed and others for another', () => {
    for (const kind of ['COPY', 'SORT', 'ARITHMETIC_WORDS']) {
      expect(examples({ kind, count: 20 })).toEqual(examples({ kind, count: 20 }))
      expect(examples({ kind, count: 20, seed: 1 })).not.toEqual(examples({ kind, count: 20, seed: 2 }))
    }
  })

  it('are all the equations, each once', () => {
    const lines = examples({ kind: 'MODULAR_ARITHMETIC', prime: 7, operation: 'x+y' })
    expect(new Set(lines).size).toBe(49)
    for (const line of lines) {
      const [, x, y, result] = /^(\d) o (\d) = (\d)$/.exec(line)!
      expect((Number(x) + Number(y)) % 7).toBe(Number(result))
    }
  })

  it('copy and sort', () => {
    for (const line of examples({ kind: 'COPY', count: 50, shortest: 2, longest: 5 })) {
      expect(line).toMatch(/^copy ([a-z]{2,5}) = \1$/)
    }
    for (const line of examples({ kind: 'SORT', count: 50 })) {
      const [given, sorted] = line
        .slice('sort '.length)
        .split(' = ')
        .map(side => side.split(' ').map(Number))
      expect([...given!].sort((a, b) => a - b)).toEqual(sorted)
    }
  })

  it('are arithmetic in words that adds up', () => {
    const values = new Map(Array.from({ length: 20_000 }, (_, index) => [inWords(index - 1_000), index - 1_000]))
    expect(values.size).toBe(20_000)
    expect(inWords(999_999)).toBe('nine hundred ninety-nine thousand nine hundred ninety-nine')
    for (const line of examples({ kind: 'ARITHMETIC_WORDS', count: 100 })) {
      const [, a, name, b, result] = /^(.*) (plus|minus|times) (.*) is (.*)$/.exec(line)!
      const [left, right] = [values.get(a!)!, values.get(b!)!]
      const expected = name === 'plus' ? left + right : name === 'minus' ? left - right : left * right
      expect(values.get(result!)).toBe(expected)
    }
  })

  it.each([
    [{ kind: 'REVERSE' }, /kind/],
    [{ kind: 'COPY', count: 0 }, /count/],
    [{ kind: 'COPY', shortest: 9, longest: 3 }, /shortest is 9/],
    [{ kind: 'SORT', prime: 97 }, /prime/],
  ])('cannot be made of %j', (task, message) => {
    expect(() => readTask(task)).toThrow(message)
  })
})
