import { describe, expect, it } from 'vitest'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { initialParameters, parameterCount, parameterShapes } from '../../../engine/models/llama-parameters.ts'

const config: LlamaConfig = {
  vocabularySize: 64,
  width: 32,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 96,
  contextLength: 16,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
  tiedEmbeddings: false,
}

function deviation(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
}

describe('Llama parameters', () => {
  it('have the names and shapes of LlamaForCausalLM', () => {
    const shapes = parameterShapes(config)
    expect(shapes['model.embed_tokens.weight']).toEqual([64, 32])
    expect(shapes['model.layers.1.self_attn.k_proj.weight']).toEqual([16, 32])
    expect(shapes['model.layers.0.mlp.down_proj.weight']).toEqual([32, 96])
    expect(shapes['model.norm.weight']).toEqual([32])
    expect(shapes['lm_head.weight']).toEqual([64, 32])
    expect(Object.keys(shapes)).toHaveLength(2 * 9 + 3)
  })

  it('share the embedding with the head when tied', () => {
    expect(parameterShapes({ ...config, tiedEmbeddings: true })).not.toHaveProperty(['lm_head.weight'])
    expect(parameterCount(config) - parameterCount({ ...config, tiedEmbeddings: true })).toBe(64 * 32)
  })

  it('start normal with deviation 0.02, smaller where they write into the residual stream, and norms at 1', () => {
    const parameters = initialParameters(config, 1)
    expect(deviation(parameters['model.embed_tokens.weight'])).toBeCloseTo(0.02, 3)
    expect(deviation(parameters['model.layers.0.mlp.down_proj.weight'])).toBeCloseTo(0.01, 3)
    expect(parameters['model.layers.0.input_layernorm.weight']).toEqual(new Float32Array(32).fill(1))
  })

  it('are the same for the same seed and others for another', () => {
    expect(initialParameters(config, 5)).toEqual(initialParameters(config, 5))
    expect(initialParameters(config, 5)['lm_head.weight']).not.toEqual(initialParameters(config, 6)['lm_head.weight'])
  })
})
