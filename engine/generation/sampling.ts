import { EngineError } from '../errors.ts'
import type { Random } from '../random.ts'

export interface Sampling {
  /** Divides the logits; 0 takes the likeliest token always. */
  readonly temperature: number
  /** Keeps the k likeliest tokens; absent keeps all. */
  readonly topK?: number
  /** Keeps the fewest likeliest tokens whose probabilities sum to at least p (nucleus sampling, Holtzman et al. 2020). */
  readonly topP?: number
}

/** Throws INVALID_INPUT naming the value that cannot be sampled with. */
export function validateSampling({ temperature, topK, topP }: Sampling): void {
  if (!(temperature >= 0) || !Number.isFinite(temperature)) {
    throw invalid(`temperature is ${temperature}: it must be a number from 0 (greedy), usually at most 2`)
  }
  if (topK !== undefined && (!Number.isSafeInteger(topK) || topK < 1)) {
    throw invalid(`topK is ${topK}: it must be a whole number from 1; leave it out to keep every token`)
  }
  if (topP !== undefined && !(topP > 0 && topP <= 1)) {
    throw invalid(`topP is ${topP}: it must be above 0 and at most 1; leave it out to keep every token`)
  }
}

/**
 * Draws a token. Temperature first, then topK, then topP over what is left, as Hugging Face does. Equal logits
 * rank by token id, so that a seed draws the same token everywhere.
 */
export function sampleToken(logits: Float32Array, sampling: Sampling, random: Random): number {
  if (sampling.temperature === 0) return likeliest(logits)

  const ranked = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b)
  const kept = ranked.slice(0, sampling.topK ?? ranked.length)
  const weights = kept.map(token => Math.exp((logits[token] - logits[kept[0]]) / sampling.temperature))

  const nucleus = nucleusOf(weights, sampling.topP ?? 1)
  let left = random.next() * nucleus.mass
  for (let rank = 0; rank < nucleus.size; rank++) {
    left -= weights[rank]
    if (left < 0) return kept[rank]
  }
  // Rounding may leave a sliver after the last weight.
  return kept[nucleus.size - 1]
}

function likeliest(logits: Float32Array): number {
  let best = 0
  for (let token = 1; token < logits.length; token++) if (logits[token] > logits[best]) best = token
  return best
}

/** The shortest prefix of the descending weights that holds share p of their sum. */
function nucleusOf(weights: readonly number[], p: number): { size: number; mass: number } {
  const wanted = p * weights.reduce((sum, weight) => sum + weight, 0)
  let mass = 0
  for (let rank = 0; rank < weights.length; rank++) {
    mass += weights[rank]
    if (mass >= wanted) return { size: rank + 1, mass }
  }
  return { size: weights.length, mass }
}

function invalid(message: string): EngineError {
  return new EngineError('INVALID_INPUT', message)
}
