import { z } from 'zod'
import { EngineError } from '../errors.ts'
import { headWidth, type LlamaConfig } from '../models/llama-config.ts'
import { END_OF_TEXT, type Tokenizer } from '../tokenizing/tokenizer.ts'

/** The contents of `config.json` (transformers, LlamaConfig). */
export function toLlamaConfig(config: LlamaConfig, tokenizer: Tokenizer) {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: config.vocabularySize,
    hidden_size: config.width,
    intermediate_size: config.feedForward,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: headWidth(config),
    max_position_embeddings: config.contextLength,
    rope_theta: config.ropeTheta,
    rope_scaling: null,
    rms_norm_eps: config.normEpsilon,
    tie_word_embeddings: config.tiedEmbeddings,
    hidden_act: 'silu',
    attention_bias: false,
    attention_dropout: 0,
    mlp_bias: false,
    initializer_range: 0.02,
    torch_dtype: 'float32',
    use_cache: true,
    ...boundaries(tokenizer),
  }
}

/** The contents of `generation_config.json`. */
export function toGenerationConfig(tokenizer: Tokenizer) {
  return { _from_model_config: true, ...boundaries(tokenizer) }
}

function boundaries({ specialTokens }: Tokenizer) {
  const end = specialTokens.get(END_OF_TEXT) ?? null
  return { bos_token_id: end, eos_token_id: end, pad_token_id: end }
}

// What our decoder does not do must be absent or off: with it, the same weights would compute something else.
const file = z.object({
  model_type: z.literal('llama'),
  vocab_size: z.int(),
  hidden_size: z.int(),
  intermediate_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  num_key_value_heads: z.int().optional(),
  head_dim: z.int().nullish(),
  max_position_embeddings: z.int(),
  rope_theta: z.number().default(10000),
  rope_scaling: z.null().optional(),
  rms_norm_eps: z.number(),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.literal('silu').default('silu'),
  attention_bias: z.literal(false).default(false),
  mlp_bias: z.literal(false).default(false),
})

/** Throws INVALID_INPUT naming the first setting that our decoder does not have. */
export function fromLlamaConfig(json: unknown): LlamaConfig {
  const result = file.safeParse(json)
  if (!result.success)
    throw new EngineError('INVALID_INPUT', `config.json cannot be used: ${z.prettifyError(result.error)}`)
  const parsed = result.data
  const config: LlamaConfig = {
    vocabularySize: parsed.vocab_size,
    width: parsed.hidden_size,
    layers: parsed.num_hidden_layers,
    heads: parsed.num_attention_heads,
    keyValueHeads: parsed.num_key_value_heads ?? parsed.num_attention_heads,
    feedForward: parsed.intermediate_size,
    contextLength: parsed.max_position_embeddings,
    ropeTheta: parsed.rope_theta,
    normEpsilon: parsed.rms_norm_eps,
    tiedEmbeddings: parsed.tie_word_embeddings,
  }
  if (parsed.head_dim != null && parsed.head_dim !== headWidth(config)) {
    throw new EngineError(
      'INVALID_INPUT',
      `config.json cannot be used: head_dim ${parsed.head_dim} is not width / heads`,
    )
  }
  return config
}
