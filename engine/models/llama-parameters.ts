import type { Shape } from '../graph/graph.ts'
import { sizeOf } from '../graph/shapes.ts'
import { seededRandom } from '../random.ts'
import { headWidth, type LlamaConfig, validateConfig } from './llama-config.ts'

export const EMBEDDING = 'model.embed_tokens.weight'
export const FINAL_NORM = 'model.norm.weight'
export const HEAD = 'lm_head.weight'

/** The name of a layer's tensor as Hugging Face's LlamaForCausalLM has it, e.g. `self_attn.q_proj`. */
export function layerParameter(layer: number, part: string): string {
  return `model.layers.${layer}.${part}.weight`
}

/**
 * Every parameter's shape under its Hugging Face name, in the order of the forward pass.
 * Projections are [out, in]. `lm_head.weight` is there only when the embeddings are not tied.
 */
export function parameterShapes(config: LlamaConfig): Record<string, Shape> {
  validateConfig(config)
  const { vocabularySize, width, feedForward } = config
  const keyValueWidth = config.keyValueHeads * headWidth(config)

  const shapes: Record<string, Shape> = { [EMBEDDING]: [vocabularySize, width] }
  for (let layer = 0; layer < config.layers; layer++) {
    shapes[layerParameter(layer, 'input_layernorm')] = [width]
    shapes[layerParameter(layer, 'self_attn.q_proj')] = [width, width]
    shapes[layerParameter(layer, 'self_attn.k_proj')] = [keyValueWidth, width]
    shapes[layerParameter(layer, 'self_attn.v_proj')] = [keyValueWidth, width]
    shapes[layerParameter(layer, 'self_attn.o_proj')] = [width, width]
    shapes[layerParameter(layer, 'post_attention_layernorm')] = [width]
    shapes[layerParameter(layer, 'mlp.gate_proj')] = [feedForward, width]
    shapes[layerParameter(layer, 'mlp.up_proj')] = [feedForward, width]
    shapes[layerParameter(layer, 'mlp.down_proj')] = [width, feedForward]
  }
  shapes[FINAL_NORM] = [width]
  if (!config.tiedEmbeddings) shapes[HEAD] = [vocabularySize, width]
  return shapes
}

/** All parameters; a tied embedding counts once. */
export function parameterCount(config: LlamaConfig): number {
  return Object.values(parameterShapes(config)).reduce((sum, shape) => sum + sizeOf(shape), 0)
}

/**
 * Fresh weights: normal with deviation 0.02, norms 1. The projections that write into the residual stream
 * (o_proj, down_proj) are scaled by 1/√(2·layers), so that its variance does not grow with depth
 * (GPT-2, Radford et al. 2019, §2.3).
 */
export function initialParameters(config: LlamaConfig, seed: number): Record<string, Float32Array> {
  const random = seededRandom(seed)
  const residualDeviation = 0.02 / Math.sqrt(2 * config.layers)

  const parameters: Record<string, Float32Array> = {}
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    const values = new Float32Array(sizeOf(shape))
    if (isNorm(shape)) values.fill(1)
    else {
      const deviation = /\.(o_proj|down_proj)\./.test(name) ? residualDeviation : 0.02
      for (let index = 0; index < values.length; index++) values[index] = deviation * random.normal()
    }
    parameters[name] = values
  }
  return parameters
}

/** The only vectors of this architecture are its norms; every matrix has two axes. */
function isNorm(shape: Shape): boolean {
  return shape.length === 1
}
