import { EngineError } from '../../../engine/errors.ts'
import { DomainError, invalidInput } from '../../../kernel/errors.ts'

export const badSetting = (name: string, value: unknown, remedy: string) =>
  invalidInput(`${name} is ${JSON.stringify(value)}: ${remedy}.`)

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

export const tooLargeForMemory = (what: string, needed: number, memory: number) =>
  new DomainError(
    'RESOURCE_EXHAUSTED',
    `${what} needs about ${gigabytes(needed)} of memory and the largest machine of the forge has ${gigabytes(memory)}: take a smaller preset, batch or context.`,
  )

/** The engine names value and remedy itself. */
export const domainErrorOf = (error: unknown): unknown =>
  error instanceof EngineError && error.code !== 'DIVERGED'
    ? new DomainError(error.code, error.message, { cause: error })
    : error

export const unknownExecutor = (name: string, known: readonly string[]) =>
  invalidInput(`requirements ask for the executor "${name}", which there is not: take one of ${known.join(', ')}.`)
