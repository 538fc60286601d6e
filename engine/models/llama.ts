import { constant, type Node } from '../graph/graph.ts'
import {
  add,
  broadcastTo,
  concat,
  gather,
  matmul,
  multiply,
  reshape,
  rmsNorm,
  rotate,
  slice,
  softmax,
  swiglu,
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

/**
 * Sees a layer's new keys and values. What it gives is the past: in a pass over a batch of one, the keys and values of as
 * many texts as there are tokens, [texts, …], of which each token sees its own text's, and itself. Where it gives nothing, tokens
 * see their own sequence.
 */
export type Cache = (layer: number, fresh: KeysAndValues) => KeysAndValues | undefined

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
  cache: Cache = () => undefined,
): Node {
  const [batch, length] = tokens.shape
  const norm = (x: Node, name: string) => rmsNorm(x, parameters[name], config.normEpsilon)

  let hidden = gather(parameters[EMBEDDING], reshape(tokens, [batch * length]))
  for (let layer = 0; layer < config.layers; layer++) {
    const weight = (part: string) => parameters[layerParameter(layer, part)]
    const project = (x: Node, part: string) => matmul(x, weight(part), { transposeB: true })

    const attended = norm(hidden, layerParameter(layer, 'input_layernorm'))
    const queries = scaledQueries(heads(config, batch, project(attended, 'self_attn.q_proj')), positions)
    const keys = rotate(heads(config, batch, project(attended, 'self_attn.k_proj')), positions.cosines, positions.sines)
    const values = heads(config, batch, project(attended, 'self_attn.v_proj'))
    const past = cache(layer, { keys, values })
    const context = past
      ? attendApart(config, queries, { keys, values }, past, positions.mask)
      : attention(config, queries, { keys, values }, positions.mask)
    hidden = add(hidden, project(context, 'self_attn.o_proj'))

    const fed = norm(hidden, layerParameter(layer, 'post_attention_layernorm'))
    const gated = swiglu(project(fed, 'mlp.gate_proj'), project(fed, 'mlp.up_proj'))
    hidden = add(hidden, project(gated, 'mlp.down_proj'))
  }
  return norm(hidden, FINAL_NORM)
}

/** [batch·tokens, heads·headWidth] → [batch, heads, tokens, headWidth] */
function heads(config: LlamaConfig, batch: number, projected: Node): Node {
  return transpose(reshape(projected, [batch, projected.shape[0] / batch, -1, headWidth(config)]), [0, 2, 1, 3])
}

/** Rows of scores that are computed together, where rows further up see fewer keys: see `blocksOf`. */
const ROWS = 64

/** Rotated, and divided by √d: the scale rides on the angles, which are small, instead of on the scores, which are not. */
function scaledQueries(queries: Node, { cosines, sines }: Positions): Node {
  const scale = constant(1 / Math.sqrt(queries.shape[3]))
  return rotate(queries, multiply(cosines, scale), multiply(sines, scale))
}

/**
 * softmax(QKᵀ + mask)·V → [batch·tokens, width]. The query heads that share keys (Ainslie et al. 2023) are stacked
 * along the tokens, so that one product serves the group and nothing is repeated.
 */
function attention(config: LlamaConfig, queries: Node, { keys, values }: KeysAndValues, mask: Node): Node {
  const [batch, , length] = queries.shape
  const contexts = blocksOf(length).map(({ start, end }) =>
    attend(
      config,
      tokensOf(queries, start, end),
      { keys: tokensOf(keys, 0, end), values: tokensOf(values, 0, end) },
      slice(mask, [start, 0], [end, end]),
    ),
  )
  const context = contexts.length === 1 ? contexts[0] : concat(contexts, 2)
  return reshape(transpose(context, [0, 2, 1, 3]), [batch * length, config.width])
}

/**
 * The queries of a sequence in blocks. No query sees a key behind its block, so that the scores there, which the mask
 * would blot out, need not be computed: with four blocks that is 3/8 of all.
 */
function blocksOf(length: number) {
  if (length % ROWS !== 0) return [{ start: 0, end: length }]
  return Array.from({ length: length / ROWS }, (_, block) => ({ start: block * ROWS, end: (block + 1) * ROWS }))
}

/** x [batch, heads, tokens, width] from a token to before another. */
function tokensOf(x: Node, start: number, end: number): Node {
  const [batch, heads, tokens, width] = x.shape
  return start === 0 && end === tokens ? x : slice(x, [0, 0, start, 0], [batch, heads, end, width])
}

/** Of queries [batch, heads, tokens, width] that are rotated and scaled; the result has their shape. */
function attend(config: LlamaConfig, queries: Node, { keys, values }: KeysAndValues, mask: Node): Node {
  const [batch, , length, width] = queries.shape
  const group = config.heads / config.keyValueHeads
  const seen = keys.shape[2]
  const stacked = reshape(queries, [batch, config.keyValueHeads, group * length, width])

  const scores = matmul(stacked, keys, { transposeB: true })
  const repeated = reshape(broadcastTo(mask, [group, length, seen]), [group * length, seen])
  return reshape(matmul(softmax(add(scores, repeated)), values), queries.shape)
}

/**
 * The same for queries [1, heads, texts, width] of one token a text → [texts, width]: each over its own text's past
 * [texts, keyValueHeads, keys, headWidth], as far as the mask [texts, keys] lets it, and over itself.
 */
function attendApart(config: LlamaConfig, queries: Node, fresh: KeysAndValues, past: KeysAndValues, mask: Node): Node {
  const [texts, keyValueHeads, seen, width] = past.keys.shape
  const stacked = reshape(ofTexts(queries), [texts, keyValueHeads, -1, width])
  const group = stacked.shape[2]
  const before = add(matmul(stacked, past.keys, { transposeB: true }), reshape(mask, [texts, 1, 1, seen]))
  const itself = matmul(stacked, ofTexts(fresh.keys), { transposeB: true })

  const weights = softmax(concat([before, itself], 3))
  const weightsOf = (start: number, end: number) => slice(weights, [0, 0, 0, start], [texts, keyValueHeads, group, end])
  const context = add(
    matmul(weightsOf(0, seen), past.values),
    multiply(weightsOf(seen, seen + 1), ofTexts(fresh.values)),
  )
  return reshape(context, [texts, config.width])
}

/** [1, heads, texts, width] → [texts, heads, 1, width] */
export const ofTexts = (x: Node): Node => transpose(x, [2, 1, 0, 3])
