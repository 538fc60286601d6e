import { constant, type Node } from '../graph/graph.ts'
import {
  add,
  broadcastTo,
  gather,
  matmul,
  multiply,
  reshape,
  rmsNorm,
  rotate,
  silu,
  softmax,
  transpose,
} from '../graph/operations.ts'
import { headWidth, type LlamaConfig } from './llama-config.ts'
import { EMBEDDING, FINAL_NORM, HEAD, layerParameter } from './llama-parameters.ts'
import { rotaryTable } from './rotary.ts'

export type Parameters = Readonly<Record<string, Node>>

/** What a pass needs to know about where its tokens stand. */
export interface Positions {
  /** cos and sin of the rotary angles, [tokens, headWidth / 2]. */
  readonly cosines: Node
  readonly sines: Node
  /** Added to the scores: 0 where a query may look, far below 0 where not; [tokens, keys]. */
  readonly mask: Node
}

export interface KeysAndValues {
  /** [batch, keyValueHeads, keys, headWidth], already rotated. */
  readonly keys: Node
  /** [batch, keyValueHeads, keys, headWidth] */
  readonly values: Node
}

/** Sees a layer's new keys and values, and says which ones its queries look at. */
export type Cache = (layer: number, fresh: KeysAndValues) => KeysAndValues

// exp(−1e9) is 0 in float32, and −1e9 plus a score stays finite.
export const BLOCKED = -1e9

/** Token logits [batch, tokens, vocabulary] of tokens int32 [batch, tokens], each seeing itself and those before. */
export function logits(config: LlamaConfig, parameters: Parameters, tokens: Node): Node {
  const [batch, length] = tokens.shape
  const hidden = hiddenStates(config, parameters, tokens, causalPositions(config, length))
  return reshape(vocabularyLogits(config, parameters, hidden), [batch, length, config.vocabularySize])
}

/** Logits [rows, vocabulary] of hidden states [rows, width]. */
export function vocabularyLogits(config: LlamaConfig, parameters: Parameters, hidden: Node): Node {
  return matmul(hidden, parameters[config.tiedEmbeddings ? EMBEDDING : HEAD], { transposeB: true })
}

/** The positions 0 … length − 1, each blind to later ones. */
export function causalPositions(config: LlamaConfig, length: number): Positions {
  const { cosines, sines } = rotaryTable(length, headWidth(config), config.ropeTheta)
  const mask = new Float32Array(length * length)
  for (let query = 0; query < length; query++) mask.fill(BLOCKED, query * length + query + 1, (query + 1) * length)
  return {
    cosines: constant(cosines, [length, headWidth(config) / 2]),
    sines: constant(sines, [length, headWidth(config) / 2]),
    mask: constant(mask, [length, length]),
  }
}

/**
 * Normalised hidden states [batch·tokens, width] after the last layer (Llama, Touvron et al. 2023). Activations keep
 * two axes between attentions, so that every weight's gradient is one plain product.
 */
export function hiddenStates(
  config: LlamaConfig,
  parameters: Parameters,
  tokens: Node,
  positions: Positions,
  cache: Cache = (_, fresh) => fresh,
): Node {
  const [batch, length] = tokens.shape
  const norm = (x: Node, name: string) => rmsNorm(x, parameters[name], config.normEpsilon)

  let hidden = gather(parameters[EMBEDDING], reshape(tokens, [batch * length]))
  for (let layer = 0; layer < config.layers; layer++) {
    const weight = (part: string) => parameters[layerParameter(layer, part)]
    const project = (x: Node, part: string) => matmul(x, weight(part), { transposeB: true })

    const attended = norm(hidden, layerParameter(layer, 'input_layernorm'))
    const queries = heads(config, batch, project(attended, 'self_attn.q_proj'))
    const keys = rotate(heads(config, batch, project(attended, 'self_attn.k_proj')), positions.cosines, positions.sines)
    const values = heads(config, batch, project(attended, 'self_attn.v_proj'))
    const context = attention(config, queries, cache(layer, { keys, values }), positions)
    hidden = add(hidden, project(context, 'self_attn.o_proj'))

    const fed = norm(hidden, layerParameter(layer, 'post_attention_layernorm'))
    const gated = multiply(silu(project(fed, 'mlp.gate_proj')), project(fed, 'mlp.up_proj'))
    hidden = add(hidden, project(gated, 'mlp.down_proj'))
  }
  return norm(hidden, FINAL_NORM)
}

/** [batch·tokens, heads·headWidth] → [batch, heads, tokens, headWidth] */
function heads(config: LlamaConfig, batch: number, projected: Node): Node {
  return transpose(reshape(projected, [batch, projected.shape[0] / batch, -1, headWidth(config)]), [0, 2, 1, 3])
}

/**
 * softmax(QKᵀ/√d + mask)·V → [batch·tokens, width]. The query heads that share keys (Ainslie et al. 2023) are stacked
 * along the tokens, so that one product serves the group and nothing is repeated.
 */
function attention(config: LlamaConfig, queries: Node, { keys, values }: KeysAndValues, positions: Positions): Node {
  const [batch, , length, width] = queries.shape
  const group = config.heads / config.keyValueHeads
  const stacked = [batch, config.keyValueHeads, group * length, width]

  // The scale rides on the angles, which are small, instead of on the scores, which are not.
  const scale = constant(1 / Math.sqrt(width))
  const rotated = rotate(queries, multiply(positions.cosines, scale), multiply(positions.sines, scale))
  const scores = matmul(reshape(rotated, stacked), keys, { transposeB: true })
  const mask = broadcastTo(positions.mask, [group, length, keys.shape[2]])
  const weights = softmax(add(scores, reshape(mask, [group * length, keys.shape[2]])))

  const context = matmul(weights, values)
  const byToken = transpose(reshape(context, queries.shape), [0, 2, 1, 3])
  return reshape(byToken, [batch * length, config.width])
}
