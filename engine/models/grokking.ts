import { gelu, layerNorm, scale } from '../graph/composed.ts'
import { constant, type Node } from '../graph/graph.ts'
import { add, gather, matmul, reshape, slice, softmax, transpose } from '../graph/operations.ts'
import { ANSWER, type GrokkingConfig, POSITIONS, TOKENS } from './grokking-parameters.ts'
import { BLOCKED, type Parameters } from './llama.ts'

const EPSILON = 1e-5

/**
 * Logits [rows, vocabulary] of the token that follows tokens int32 [rows, length]: the decoder with learned positions,
 * LayerNorm and GELU of Lee et al. (2024, github.com/ironjr/grokfast). A block adds its attention to the normalised
 * input instead of to the input: h = n + attention(n) with n = ln₁(x), and then h + mlp(ln₂(h)). That is what the
 * paper's iterations were counted with. Since the answer alone counts, the last block computes only the last position.
 */
export function grokkingLogits(config: GrokkingConfig, parameters: Parameters, tokens: Node): Node {
  const [rows, length] = tokens.shape
  const { width, layers } = config
  const affine = (x: Node, name: string) =>
    add(matmul(x, parameters[`${name}.weight`], { transposeB: true }), parameters[`${name}.bias`])
  const norm = (x: Node, name: string) =>
    layerNorm(x, parameters[`${name}.weight`], parameters[`${name}.bias`], EPSILON)

  const positions = slice(parameters[POSITIONS], [0, 0], [length, width])
  let hidden = reshape(add(gather(parameters[TOKENS], tokens), positions), [rows * length, width])
  for (let layer = 0; layer < layers; layer++) {
    const at = `layers.${layer}`
    const seen = norm(hidden, `${at}.ln_1`)
    const asking = layer === layers - 1 ? lastOf(seen, rows) : seen
    const context = attention(config, rows, {
      queries: affine(asking, `${at}.attn.q`),
      keys: affine(seen, `${at}.attn.k`),
      values: affine(seen, `${at}.attn.v`),
    })
    const attended = add(asking, affine(context, `${at}.attn.out`))
    const fed = gelu(affine(norm(attended, `${at}.ln_2`), `${at}.mlp.up`))
    hidden = add(attended, affine(fed, `${at}.mlp.down`))
  }
  return matmul(norm(hidden, 'ln_f'), parameters[ANSWER], { transposeB: true })
}

/** The last position of every row: [rows·length, width] → [rows, width]. */
function lastOf(x: Node, rows: number): Node {
  const [all, width] = x.shape
  const length = all / rows
  return reshape(slice(reshape(x, [rows, length, width]), [0, length - 1, 0], [rows, length, width]), [rows, width])
}

/** softmax(QKᵀ/√d + causal mask)·V; the queries are those of the last positions, [rows·asking, width]. */
function attention(
  { heads, width }: GrokkingConfig,
  rows: number,
  { queries, keys, values }: { readonly queries: Node; readonly keys: Node; readonly values: Node },
): Node {
  const split = (x: Node) => transpose(reshape(x, [rows, x.shape[0] / rows, heads, width / heads]), [0, 2, 1, 3])
  const scores = matmul(scale(split(queries), 1 / Math.sqrt(width / heads)), split(keys), { transposeB: true })
  const [, , asking, length] = scores.shape
  const masked = asking === 1 ? scores : add(scores, causalMask(length))
  return reshape(transpose(matmul(softmax(masked), split(values)), [0, 2, 1, 3]), queries.shape)
}

function causalMask(length: number): Node {
  const mask = new Float32Array(length * length)
  for (let query = 0; query < length; query++) mask.fill(BLOCKED, query * length + query + 1, (query + 1) * length)
  return constant(mask, [length, length])
}
