import type { LlamaConfig } from '../../../engine/models/llama-config.ts'

type Weights = Readonly<Record<string, Float32Array>>

/**
 * Llama's forward pass of one sequence once more, in plain loops over one token at a time and written from the papers'
 * formulas: what engine/models/llama.ts is held against. Gives the logits of every position.
 */
export function plainLogits(config: LlamaConfig, weights: Weights, tokens: readonly number[]): number[][] {
  const { width, heads, keyValueHeads, feedForward, vocabularySize } = config
  const size = width / heads
  const hidden = tokens.map(token => row(weights['model.embed_tokens.weight'], token, width))

  for (let layer = 0; layer < config.layers; layer++) {
    const weight = (part: string) => weights[`model.layers.${layer}.${part}.weight`]
    const normed = hidden.map(x => normalise(config, x, weight('input_layernorm')))
    const keys = normed.map((x, t) =>
      split(linear(weight('self_attn.k_proj'), x, keyValueHeads * size), size).map(k => turn(config, k, t)),
    )
    const values = normed.map(x => split(linear(weight('self_attn.v_proj'), x, keyValueHeads * size), size))
    normed.forEach((x, t) => {
      const queries = split(linear(weight('self_attn.q_proj'), x, width), size).map(q => turn(config, q, t))
      const context = queries.flatMap((query, head) => {
        const shared = Math.floor(head / (heads / keyValueHeads))
        const seen = keys.slice(0, t + 1).map(k => Math.exp(dot(query, k[shared]) / Math.sqrt(size)))
        const total = seen.reduce((a, b) => a + b)
        return query.map((_, i) => seen.reduce((sum, weight, s) => sum + (weight / total) * values[s][shared][i], 0))
      })
      hidden[t] = plus(hidden[t], linear(weight('self_attn.o_proj'), context, width))
    })
    hidden.forEach((h, t) => {
      const x = normalise(config, h, weight('post_attention_layernorm'))
      const up = linear(weight('mlp.up_proj'), x, feedForward)
      const gated = linear(weight('mlp.gate_proj'), x, feedForward).map((g, i) => (g / (1 + Math.exp(-g))) * up[i])
      hidden[t] = plus(h, linear(weight('mlp.down_proj'), gated, width))
    })
  }
  const head = weights[config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight']
  return hidden.map(h => linear(head, normalise(config, h, weights['model.norm.weight']), vocabularySize))
}

const row = (matrix: Float32Array, index: number, width: number) => [
  ...matrix.subarray(index * width, (index + 1) * width),
]
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0)
const plus = (a: readonly number[], b: readonly number[]) => a.map((x, i) => x + b[i])
const linear = (matrix: Float32Array, x: readonly number[], out: number) =>
  Array.from({ length: out }, (_, o) => dot(x, row(matrix, o, x.length)))
const split = (x: readonly number[], size: number) =>
  Array.from({ length: x.length / size }, (_, head) => x.slice(head * size, (head + 1) * size))

function normalise({ normEpsilon }: LlamaConfig, x: readonly number[], gain: Float32Array): number[] {
  const root = Math.sqrt(dot(x, x) / x.length + normEpsilon)
  return x.map((value, i) => (value / root) * gain[i])
}

/** Turns the pairs (x[i], x[i + d/2]) by t·θ^(−2i/d). */
function turn({ ropeTheta }: LlamaConfig, x: readonly number[], t: number): number[] {
  const half = x.length / 2
  const turned = [...x]
  for (let i = 0; i < half; i++) {
    const angle = t * ropeTheta ** ((-2 * i) / x.length)
    turned[i] = x[i] * Math.cos(angle) - x[i + half] * Math.sin(angle)
    turned[i + half] = x[i] * Math.sin(angle) + x[i + half] * Math.cos(angle)
  }
  return turned
}
