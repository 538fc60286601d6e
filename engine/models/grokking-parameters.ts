import { EngineError } from '../errors.ts'
import type { Shape } from '../graph/graph.ts'
import { sizeOf } from '../graph/shapes.ts'
import { seededRandom } from '../random.ts'

/** The decoder of the experiments on grokking; its feed-forward part is four times as wide. */
export interface GrokkingConfig {
  readonly vocabularySize: number
  /** Learned positions: the longest equation, its answer included. */
  readonly positions: number
  readonly width: number
  readonly layers: number
  readonly heads: number
}

/** As Power et al. (2022) and Lee et al. (2024) have it for arithmetic modulo 97: 422,784 parameters. */
export const grokkingPaper: GrokkingConfig = { vocabularySize: 99, positions: 5, width: 128, layers: 2, heads: 4 }

export const TOKENS = 'token_embeddings.weight'
export const POSITIONS = 'position_embeddings.weight'
export const ANSWER = 'head.weight'

/** Every parameter's shape, in the order of the forward pass. Matrices are [out, in]. */
export function grokkingShapes(config: GrokkingConfig): Record<string, Shape> {
  const { vocabularySize, positions, width, layers, heads } = config
  if (width % heads !== 0)
    throw new EngineError('INVALID_INPUT', `width ${width} is not divisible by ${heads} heads: choose a multiple`)

  const shapes: Record<string, Shape> = { [TOKENS]: [vocabularySize, width], [POSITIONS]: [positions, width] }
  const affine = (name: string, [out, from]: readonly [number, number]) => {
    shapes[`${name}.weight`] = [out, from]
    shapes[`${name}.bias`] = [out]
  }
  const norm = (name: string) => {
    shapes[`${name}.weight`] = [width]
    shapes[`${name}.bias`] = [width]
  }
  for (let layer = 0; layer < layers; layer++) {
    const at = `layers.${layer}`
    norm(`${at}.ln_1`)
    for (const part of ['q', 'k', 'v', 'out']) affine(`${at}.attn.${part}`, [width, width])
    norm(`${at}.ln_2`)
    affine(`${at}.mlp.up`, [4 * width, width])
    affine(`${at}.mlp.down`, [width, 4 * width])
  }
  norm('ln_f')
  shapes[ANSWER] = [vocabularySize, width]
  return shapes
}

/**
 * Fresh weights as PyTorch draws them for the reference code: embeddings standard normal; affine weights and biases
 * uniform within ±1/√in; the attention's three projections within ±√(6 / 4·width), which is Xavier's bound (Glorot and
 * Bengio 2010) for the one matrix that PyTorch keeps them in; the attention's biases 0; norms 1 and 0.
 */
export function initialGrokking(config: GrokkingConfig, seed: number): Record<string, Float32Array> {
  const random = seededRandom(seed)
  const uniform = (bound: number) => () => bound * (2 * random.next() - 1)
  const zero = () => 0

  const sources = (name: string, shape: Shape): (() => number) => {
    if (name === TOKENS || name === POSITIONS) return random.normal
    if (/\bln_.*weight$/.test(name)) return () => 1
    if (/\bln_/.test(name) || /attn\..*bias$/.test(name)) return zero
    if (/attn\.[qkv]\./.test(name)) return uniform(Math.sqrt(6 / (4 * config.width)))
    const fedBy = name.includes('mlp.down') ? 4 * config.width : config.width
    return uniform(1 / Math.sqrt(shape.length > 1 ? shape[1] : fedBy))
  }
  return Object.fromEntries(
    Object.entries(grokkingShapes(config)).map(([name, shape]) => {
      const draw = sources(name, shape)
      return [name, Float32Array.from({ length: sizeOf(shape) }, draw)]
    }),
  )
}
