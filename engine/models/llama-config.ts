import { EngineError } from '../errors.ts'

/** The sizes of a Llama-shaped decoder. Hugging Face's names are given where they differ. */
export interface LlamaConfig {
  /** `vocab_size` */
  readonly vocabularySize: number
  /** `hidden_size` */
  readonly width: number
  /** `num_hidden_layers` */
  readonly layers: number
  /** `num_attention_heads` */
  readonly heads: number
  /** `num_key_value_heads`: heads that share keys and values form a group of heads / keyValueHeads. */
  readonly keyValueHeads: number
  /** `intermediate_size` */
  readonly feedForward: number
  /** `max_position_embeddings`, in tokens */
  readonly contextLength: number
  /** `rope_theta`, usually 10000 */
  readonly ropeTheta: number
  /** `rms_norm_eps`, usually 1e-5 */
  readonly normEpsilon: number
  /** `tie_word_embeddings`: the embedding is also the output projection. */
  readonly tiedEmbeddings: boolean
}

export function headWidth(config: LlamaConfig): number {
  return config.width / config.heads
}

/** Throws INVALID_INPUT naming the first size that cannot be built. */
export function validateConfig(config: LlamaConfig): void {
  const sizes = {
    vocabularySize: config.vocabularySize,
    width: config.width,
    layers: config.layers,
    heads: config.heads,
    keyValueHeads: config.keyValueHeads,
    feedForward: config.feedForward,
    contextLength: config.contextLength,
  }
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(size) || size < 1) throw invalid(`${name} is ${size}: it must be a whole number from 1`)
  }
  if (config.width % config.heads !== 0) {
    throw invalid(`width ${config.width} is not divisible by ${config.heads} heads: choose a multiple`)
  }
  if (headWidth(config) % 2 !== 0) {
    throw invalid(
      `width ${config.width} over ${config.heads} heads gives an odd head width of ${headWidth(config)}: rotary positions need an even one`,
    )
  }
  if (config.heads % config.keyValueHeads !== 0) {
    throw invalid(
      `heads ${config.heads} is not divisible by keyValueHeads ${config.keyValueHeads}: each group must hold as many heads`,
    )
  }
  if (!(config.ropeTheta > 1) || !Number.isFinite(config.ropeTheta)) {
    throw invalid(`ropeTheta is ${config.ropeTheta}: it must be a number above 1, usually 10000`)
  }
  if (!(config.normEpsilon > 0) || !Number.isFinite(config.normEpsilon)) {
    throw invalid(`normEpsilon is ${config.normEpsilon}: it must be a number above 0, usually 1e-5`)
  }
}

function invalid(message: string): EngineError {
  return new EngineError('INVALID_INPUT', message)
}
