import type { ModelVersion } from '../versions/version.ts'

/** What to generate, every choice made. */
export interface GenerationRequest {
  readonly prompt: string
  readonly maxTokens: number
  /** 0 always takes the likeliest token. */
  readonly temperature: number
  readonly topK?: number
  readonly topP?: number
  readonly seed: number
  /** The text ends before the first of these that it comes to. */
  readonly stop?: readonly string[]
}

/** `STOP`: the model ended the text. `LENGTH`: maxTokens were generated. */
export const finishReasons = ['STOP', 'LENGTH'] as const
type FinishReason = (typeof finishReasons)[number]

/** What a decoder made of a request. */
export interface Continuation {
  /** What follows the prompt, without it. */
  readonly text: string
  readonly promptTokens: number
  readonly tokens: number
  readonly finishReason: FinishReason
  /** From the first look at the prompt to the last token; loading the model is not in it. */
  readonly seconds: number
}

export interface Generation extends Continuation {
  readonly version: ModelVersion
  readonly request: GenerationRequest
}

/** Tokens of one answer; a longer text is continued by another call. */
export const LONGEST_ANSWER = 2048
/** Characters of a prompt. The model reads the end that fits its context. */
export const LONGEST_PROMPT = 100_000
