import { InvalidArgumentError } from 'commander'

/** Parsers of options; each complaint is shown with the usage, and ends with status 2. */
export function integer(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

/** Whole numbers between commas. */
export const integers = (text: string): number[] => text.split(',').map(part => integer(part.trim() || 'none'))

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
