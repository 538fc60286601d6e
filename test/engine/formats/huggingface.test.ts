import { describe, expect, it } from 'vitest'
import { huggingFaceFiles, readHuggingFace } from '../../../engine/formats/huggingface.ts'
import { readSafetensors } from '../../../engine/formats/safetensors.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { initialParameters } from '../../../engine/models/llama-parameters.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'

const tokenizer = trainTokenizer('abc abc abc', { vocabularySize: 260, specialTokens: ['<|endoftext|>'] })
const config: LlamaConfig = {
  vocabularySize: 260,
  width: 8,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 12,
  contextLength: 16,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
  tiedEmbeddings: true,
}
const parameters = initialParameters(config, 1)
const files = huggingFaceFiles({ config, parameters, tokenizer })

const json = (name: string) => JSON.parse(Buffer.from(files[name]).toString())
const withConfig = (change: object) => ({
  ...files,
  'config.json': Buffer.from(JSON.stringify({ ...json('config.json'), ...change })),
})

describe("a model's Hugging Face files", () => {
  it('are those that from_pretrained looks for', () => {
    expect(Object.keys(files).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
    expect(json('config.json')).toMatchObject({
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      vocab_size: 260,
      hidden_size: 8,
      intermediate_size: 12,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 2,
      max_position_embeddings: 16,
      rope_theta: 10000,
      rms_norm_eps: 1e-5,
      tie_word_embeddings: true,
      eos_token_id: tokenizer.specialTokens.get('<|endoftext|>'),
    })
    expect(json('tokenizer_config.json')).toMatchObject({ eos_token: '<|endoftext|>', model_max_length: 16 })
  })

  it("hold the weights in LlamaForCausalLM's layout, a tied head once", () => {
    const { tensors, metadata } = readSafetensors(files['model.safetensors'])
    expect(metadata).toEqual({ format: 'pt' })
    expect(tensors.get('model.layers.1.self_attn.k_proj.weight')?.shape).toEqual([4, 8])
    expect(tensors.get('model.layers.0.mlp.down_proj.weight')?.shape).toEqual([8, 12])
    expect(tensors.has('lm_head.weight')).toBe(false)
    expect(tensors.size).toBe(2 + 9 * 2)
  })

  it.each([true, false])('give the same model back (tied: %s)', tiedEmbeddings => {
    const model = {
      config: { ...config, tiedEmbeddings },
      parameters: initialParameters({ ...config, tiedEmbeddings }, 3),
    }
    const back = readHuggingFace(huggingFaceFiles({ ...model, tokenizer }))
    expect(back.config).toEqual(model.config)
    expect(back.parameters).toEqual(model.parameters)
    expect(back.tokenizer.encode('abc cab')).toEqual(tokenizer.encode('abc cab'))
  })

  it.each([
    ['a missing file', { 'config.json': files['config.json'] }, /tokenizer.json is missing/],
    ['a config that is not JSON', { ...files, 'config.json': Buffer.from('{') }, /config.json is not JSON/],
    ['another kind of model', withConfig({ model_type: 'gpt2' }), /model_type/],
    ['scaled rotary positions', withConfig({ rope_scaling: { rope_type: 'llama3' } }), /rope_scaling/],
    ['a head width of its own', withConfig({ head_dim: 4 }), /head_dim 4/],
    [
      'another width than the weights',
      withConfig({ hidden_size: 16, head_dim: null }),
      /embed_tokens.* \[260,8\].* \[260,16\]/,
    ],
    ['a billion layers', withConfig({ num_hidden_layers: 1e9 }), /1000000000 layers .* 20 tensors/],
    ['too small a vocabulary', withConfig({ vocab_size: 100 }), /tokens and config.json says 100/],
    ['an untied head without weights', withConfig({ tie_word_embeddings: false }), /lm_head.weight is missing/],
  ])('are refused with %s', (_, damaged, message) => {
    expect(() => readHuggingFace(damaged)).toThrow(message)
  })

  it('are not written for a parameter that is missing or of another size', () => {
    const { 'model.norm.weight': _, ...rest } = parameters
    expect(() => huggingFaceFiles({ config, parameters: rest, tokenizer })).toThrow(/model.norm.weight is missing/)
    const wrong = { ...parameters, 'model.norm.weight': new Float32Array(9) }
    expect(() => huggingFaceFiles({ config, parameters: wrong, tokenizer })).toThrow(/model.norm.weight.* 9 numbers/)
  })
})
