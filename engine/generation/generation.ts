import { EngineError } from '../errors.ts'
import type { LlamaConfig } from '../models/llama-config.ts'
import { type Sampling, validateSampling } from './sampling.ts'

export interface Generation extends Sampling {
  readonly maxTokens: number
  /** Of the sampling; the same seed draws the same text. */
  readonly seed: number
  /** Only ids below this are drawn: a vocabulary may be padded with rows that no text stands for. */
  readonly choices?: number
  /** Tokens that end the text; they are not yielded. */
  readonly stopTokens?: readonly number[]
  /** Aborting it makes the next token throw the signal's reason. */
  readonly signal?: AbortSignal
}

/** Throws INVALID_INPUT naming the value that cannot be generated with. */
export function validateGeneration(generation: Generation): void {
  validateSampling(generation)
  const { maxTokens } = generation
  if (!Number.isSafeInteger(maxTokens) || maxTokens < 1) {
    throw new EngineError('INVALID_INPUT', `maxTokens is ${maxTokens}: it must be a whole number from 1`)
  }
}

/** Throws INVALID_INPUT on an id that the model has no embedding for. */
export function requireToken({ vocabularySize }: LlamaConfig, token: number): void {
  if (Number.isInteger(token) && token >= 0 && token < vocabularySize) return
  throw new EngineError('INVALID_INPUT', `token ${token} is outside the vocabulary of ${vocabularySize}`)
}
