import { InvalidArgumentError } from 'commander'
import type { SweepDimension } from '../sweeps.ts'

/** Parsers of options; each complaint is shown with the usage, and ends with status 2. */
export function integer(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

/** Whole numbers between commas. */
export const integers = (text: string): number[] => text.split(',').map(integer)

export function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.')
  return value
}

export function json(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new InvalidArgumentError('It must be a JSON object such as \'{"steps": 200}\'.')
}

export const oneOf =
  <Value extends string>(...values: readonly Value[]) =>
  (text: string): Value => {
    const value = values.find(known => known === text.toUpperCase())
    if (!value) throw new InvalidArgumentError(`It must be one of ${values.join(', ')}.`)
    return value
  }

/** `name=0..1`, `name=log:1e-4..1e-2`, `name=int:4..16`, each with `:points` where wanted, or `name=a,b,c`. */
export function dimension(text: string, before: readonly SweepDimension[] = []): readonly SweepDimension[] {
  const [, parameter, scale, from, to, points, choice] =
    /^([\w.]+)=(?:(?:(log|int):)?([^:,]+)\.\.([^:,]+?)(?::(\d+))?|([^:]+))$/.exec(text) ?? []
  if (!parameter) {
    throw new InvalidArgumentError('It must be as learningRate=log:1e-4..1e-2, batch=int:4..16 or preset=NANO,MICRO.')
  }
  if (choice !== undefined) {
    const values = choice.split(',').map(value => (Number.isFinite(Number(value)) ? number(value) : value))
    return [...before, { parameter, choice: values }]
  }
  const range = { from: number(from!), to: number(to!) }
  const form = scale === 'log' ? { logUniform: range } : scale === 'int' ? { integer: range } : { uniform: range }
  return [...before, { parameter, ...form, ...(points && { points: integer(points) }) }]
}
