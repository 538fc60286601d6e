import { EngineError } from '../../../engine/errors.ts'
import { DomainError, errorCodes, invalidInput, unavailable } from '../../../kernel/errors.ts'
import { LONGEST_ANSWER, LONGEST_PROMPT } from './generation.ts'

export const answerTooLong = (maxTokens: number) =>
  invalidInput(`maxTokens is ${maxTokens}: one answer has at most ${LONGEST_ANSWER}; continue it with another call.`)

export const promptTooLong = (length: number) =>
  invalidInput(`prompt has ${length} characters: pass at most ${LONGEST_PROMPT}, the end of what you have.`)

export const badSeed = (seed: number) => invalidInput(`seed is ${seed}: it must be a whole number from 0.`)

export const tooManyWaiting = (waiting: number) =>
  new DomainError('RESOURCE_EXHAUSTED', `${waiting} generations wait already: try again in a moment.`)

export const tooSlow = (seconds: number) =>
  new DomainError('TIMEOUT', `The generation took longer than ${seconds} s and was stopped: ask for fewer tokens.`)

export const generatorDied = (reason: string) =>
  unavailable(`The process that runs this model ended (${reason}): ask again, and it starts anew.`)

/** Nobody reads it; but it is no fault that a log should show. */
export const askerLeft = () => unavailable('Whoever asked has left, and the generation was ended.')

/** The engine's codes are the graph's; where the engine has one more, it is a bug here. */
export function fromEngine(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error
  const code = errorCodes.find(known => known === error.code)
  return code ? new DomainError(code, `${error.message}.`, { cause: error }) : error
}
