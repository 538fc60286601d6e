import { validateGeneration } from '../../../engine/generation/generation.ts'
import { type Resolving, resolveRef } from '../versions/service.ts'
import { answerTooLong, askerLeft, badSeed, fromEngine, promptTooLong } from './errors.ts'
import { type Generation, type GenerationRequest, LONGEST_ANSWER, LONGEST_PROMPT } from './generation.ts'
import type { Generators } from './ports.ts'

export interface GenerateInput {
  readonly model: string
  readonly prompt: string
  readonly maxTokens: number
  readonly temperature: number
  readonly topK?: number | null
  readonly topP?: number | null
  readonly seed?: number | null
  readonly project?: string | null
}

/**
 * Continues a prompt with the version that `model` refers to, unless `leaving` fires before the end. The same seed gives
 * the same text.
 */
export async function generateText(
  parts: Resolving & { readonly generators: Generators },
  input: GenerateInput,
  leaving?: AbortSignal,
): Promise<Generation> {
  const { generators, versions } = parts
  const request = requestOf(input, input.seed ?? generators.newSeed())
  const version = await resolveRef(parts, input.model, input.project)
  const files = await versions.files([version.id])
  const continuing = generators.generate({ id: version.id, files }, request, { signal: leaving })
  const continuation = await continuing.catch(error => {
    throw leaving?.aborted ? askerLeft() : error
  })
  return { ...continuation, version, request }
}

/** Throws INVALID_INPUT naming the first value that cannot be used. */
export function requestOf(
  { prompt, maxTokens, temperature, topK, topP }: Omit<GenerateInput, 'model'>,
  seed: number,
): GenerationRequest {
  const request = { prompt, maxTokens, temperature, topK: topK ?? undefined, topP: topP ?? undefined, seed }
  try {
    validateGeneration(request)
  } catch (error) {
    throw fromEngine(error)
  }
  if (maxTokens > LONGEST_ANSWER) throw answerTooLong(maxTokens)
  if (prompt.length > LONGEST_PROMPT) throw promptTooLong(prompt.length)
  if (seed < 0) throw badSeed(seed)
  return request
}
