import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gguf } from '@huggingface/gguf'
import { describe, expect, it } from 'vitest'
import { type GgufType, ggufParts } from '../../../engine/formats/gguf.ts'
import { storedModel } from '../../../engine/formats/pretrained.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { parameterShapes } from '../../../engine/models/llama-parameters.ts'
import { END_OF_TEXT } from '../../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { livelyParameters } from '../tiny-decoder.ts'
import { sample } from '../tokenizing/sample.ts'

const tokenizer = trainTokenizer(sample, { vocabularySize: 300, specialTokens: [END_OF_TEXT] })
const config: LlamaConfig = {
  vocabularySize: 304,
  width: 64,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 96,
  contextLength: 16,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
  tiedEmbeddings: false,
}
const parameters = livelyParameters(config, 5)

/** The file as another program reads it, and each tensor's bytes. */
async function exported(type: GgufType, model = { config, parameters, tokenizer }) {
  const bytes = Buffer.concat(await Array.fromAsync(ggufParts(storedModel(model), { name: 'whale', type })))
  const folder = await mkdtemp(join(tmpdir(), 'forge-gguf-'))
  try {
    const path = join(folder, 'model.gguf')
    await writeFile(path, bytes)
    const { metadata, tensorInfos, tensorDataOffset } = await gguf(path, { allowLocalFile: true })
    const tensors = new Map(
      tensorInfos.map(({ name, shape, dtype, offset }) => {
        const at = Number(tensorDataOffset + offset)
        expect(at % 32).toBe(0)
        return [
          name,
          { shape: shape.map(Number), type: dtype, bytes: new DataView(bytes.buffer, bytes.byteOffset + at) },
        ]
      }),
    )
    return { metadata: metadata as Record<string, unknown>, tensors, bytes }
  } finally {
    await rm(folder, { recursive: true })
  }
}

const ggmlTypes = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8 }
/** Number `index` of a tensor, after ggml's documentation of the types. */
function numberAt(tensor: { type: number; bytes: DataView }, index: number): number {
  const { type, bytes } = tensor
  const [block, within] = [Math.floor(index / 32), index % 32]
  switch (type) {
    case ggmlTypes.F32:
      return bytes.getFloat32(4 * index, true)
    case ggmlTypes.F16:
      return bytes.getFloat16(2 * index, true)
    case ggmlTypes.Q8_0:
      return bytes.getFloat16(34 * block, true) * bytes.getInt8(34 * block + 2 + within)
    default: {
      const pair = bytes.getUint8(18 * block + 2 + (within % 16))
      return bytes.getFloat16(18 * block, true) * ((within < 16 ? pair & 15 : pair >> 4) - 8)
    }
  }
}

/** Number `index` of a ternary tensor, after dequantize_row_tq1_0 and dequantize_row_tq2_0 of ggml. */
function ternaryAt(type: 'tq1_0' | 'tq2_0', bytes: DataView, index: number): number {
  const size = type === 'tq1_0' ? 54 : 66
  const [start, within] = [size * Math.floor(index / 256), index % 256]
  const scale = bytes.getFloat16(start + size - 2, true)
  if (type === 'tq2_0') {
    const [half, rest] = [Math.floor(within / 128), within % 128]
    const byte = bytes.getUint8(start + 32 * half + (rest % 32))
    return scale * (((byte >> (2 * Math.floor(rest / 32))) & 3) - 1)
  }
  const [first, width, from] = within < 160 ? [0, 32, 0] : within < 240 ? [32, 16, 160] : [48, 4, 240]
  const row = Math.floor((within - from) / width)
  const byte = bytes.getUint8(start + first + ((within - from) % width))
  return scale * (((((byte * 3 ** row) & 255) * 3) >> 8) - 1)
}

const untouched = [
  ['model.embed_tokens.weight', 'token_embd.weight'],
  ['lm_head.weight', 'output.weight'],
  ['model.norm.weight', 'output_norm.weight'],
  ['model.layers.1.self_attn.v_proj.weight', 'blk.1.attn_v.weight'],
  ['model.layers.1.self_attn.o_proj.weight', 'blk.1.attn_output.weight'],
  ['model.layers.1.input_layernorm.weight', 'blk.1.attn_norm.weight'],
  ['model.layers.1.post_attention_layernorm.weight', 'blk.1.ffn_norm.weight'],
  ['model.layers.1.mlp.gate_proj.weight', 'blk.1.ffn_gate.weight'],
  ['model.layers.1.mlp.up_proj.weight', 'blk.1.ffn_up.weight'],
  ['model.layers.1.mlp.down_proj.weight', 'blk.1.ffn_down.weight'],
] as const

describe('a GGUF file, read by @huggingface/gguf', () => {
  it('says what the model is and holds its tokenizer', async () => {
    const { metadata } = await exported('f32')
    expect(metadata).toMatchObject({
      version: 3,
      'general.architecture': 'llama',
      'general.name': 'whale',
      'general.file_type': 0,
      'llama.context_length': 16,
      'llama.embedding_length': 64,
      'llama.block_count': 2,
      'llama.feed_forward_length': 96,
      'llama.attention.head_count': 4,
      'llama.attention.head_count_kv': 2,
      'llama.rope.dimension_count': 16,
      'llama.rope.freq_base': 10000,
      'llama.attention.layer_norm_rms_epsilon': Math.fround(1e-5),
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'llama-bpe',
      'tokenizer.ggml.bos_token_id': 299,
      'tokenizer.ggml.eos_token_id': 299,
      'tokenizer.ggml.add_bos_token': false,
    })
    const tokens = metadata['tokenizer.ggml.tokens'] as string[]
    expect(tokens).toHaveLength(304)
    expect([tokens[32], tokens[65], tokens[299], tokens[303]]).toEqual(['Ġ', 'A', END_OF_TEXT, '[PAD303]'])
    expect((metadata['tokenizer.ggml.token_type'] as number[]).slice(298)).toEqual([1, 3, 5, 5, 5, 5])
    const merges = metadata['tokenizer.ggml.merges'] as string[]
    expect(merges).toHaveLength(tokenizer.merges.length)
    const [left, right] = tokenizer.merges[0]!
    expect(merges[0]).toBe(`${tokens[left]} ${tokens[right]}`)
  })

  it('holds the same numbers at F32, shapes written from the inside out', async () => {
    const { tensors } = await exported('f32')
    expect(tensors.size).toBe(Object.keys(parameters).length)
    for (const [ours, theirs] of untouched) {
      const tensor = tensors.get(theirs)!
      expect(tensor.shape, theirs).toEqual(parameterShapes(config)[ours]!.toReversed())
      expect(Array.from(parameters[ours]!, (_, index) => numberAt(tensor, index))).toEqual([...parameters[ours]!])
    }
  })

  it('has the rows of queries and keys in the order that llama.cpp turns them in', async () => {
    const { tensors } = await exported('f32')
    for (const [part, theirs] of [
      ['q_proj', 'attn_q'],
      ['k_proj', 'attn_k'],
    ]) {
      const data = parameters[`model.layers.0.self_attn.${part}.weight`]!
      const tensor = tensors.get(`blk.0.${theirs}.weight`)!
      // Head 1, whose 16 rows begin at 16: what we turn together, 3 and 3 + 8, are neighbours there, 6 and 7.
      for (const [row, from] of [
        [16 + 6, 16 + 3],
        [16 + 7, 16 + 3 + 8],
      ]) {
        const found = Array.from({ length: 64 }, (_, column) => numberAt(tensor, row! * 64 + column))
        expect(found).toEqual([...data.subarray(from! * 64, (from! + 1) * 64)])
      }
    }
  })

  it.each([
    ['f16', ggmlTypes.F16, 2 ** -11],
    ['q8_0', ggmlTypes.Q8_0, 1 / 127],
    ['q4_0', ggmlTypes.Q4_0, 1 / 7],
  ] as const)('holds numbers near ours at %s, and norms exactly', async (type, expected, share) => {
    const { tensors, bytes } = await exported(type)
    const data = parameters['model.layers.1.mlp.gate_proj.weight']!
    const tensor = tensors.get('blk.1.ffn_gate.weight')!
    expect(tensor.type).toBe(expected)
    for (let block = 0; block < data.length; block += 32) {
      const largest = Math.max(...data.subarray(block, block + 32).map(Math.abs))
      for (let index = block; index < block + 32; index++) {
        expect(Math.abs(numberAt(tensor, index) - data[index]!)).toBeLessThanOrEqual(largest * share)
      }
    }
    expect(tensors.get('output_norm.weight')!.type).toBe(ggmlTypes.F32)
    expect(bytes.length).toBeLessThan((await exported('f32')).bytes.length * 0.6)
  })

  it('leaves the head out where it is the embedding, and takes F16 for rows that are no multiple of a block', async () => {
    const narrow = { ...config, width: 24, tiedEmbeddings: true }
    const model = { config: narrow, parameters: livelyParameters(narrow, 6), tokenizer }
    const { tensors } = await exported('q8_0', model)
    expect(tensors.has('output.weight')).toBe(false)
    expect(tensors.get('token_embd.weight')!.type).toBe(ggmlTypes.F16)
    expect(tensors.get('blk.0.ffn_down.weight')!.type).toBe(ggmlTypes.Q8_0)
  })

  describe('of a ternary model', () => {
    const wide: LlamaConfig = { ...config, width: 256, feedForward: 512 }
    const ternary = livelyParameters(wide, 7)
    for (const [name, data] of Object.entries(ternary)) {
      if (name.includes('proj')) ternary[name] = data.map((_, index) => 0.125 * (((index * 7919) % 3) - 1))
    }
    const model = { config: wide, parameters: ternary, tokenizer }

    it.each(['tq1_0', 'tq2_0'] as const)('holds every number exactly at %s', async type => {
      const { tensors } = await exported(type, model)
      const tensor = tensors.get('blk.1.ffn_down.weight')!
      const ours = ternary['model.layers.1.mlp.down_proj.weight']!
      expect(tensor.type).toBe(type === 'tq1_0' ? 34 : 35)
      expect(Float32Array.from(ours, (_, index) => ternaryAt(type, tensor.bytes, index))).toEqual(ours)
      expect(tensors.get('token_embd.weight')!.type).toBe(ggmlTypes.F16)
    })

    it('is refused where rows are cut by blocks, and where the numbers are not ternary', async () => {
      const parts = (given: typeof model) =>
        expect(Array.fromAsync(ggufParts(storedModel(given), { name: 'whale', type: 'tq2_0' }))).rejects
      await parts({ config, parameters, tokenizer }).toThrow(/rows of .* have 64 numbers.*multiple of 256/)
      await parts({ ...model, parameters: livelyParameters(wide, 7) }).toThrow(/is not ternary/)
    })
  })

  it('refuses a number that 16 bits cannot hold', async () => {
    const large = { ...parameters, 'lm_head.weight': parameters['lm_head.weight']!.map(() => 1e6) }
    const parts = ggufParts(storedModel({ config, parameters: large, tokenizer }), { name: 'whale', type: 'f16' })
    await expect(Array.fromAsync(parts)).rejects.toThrow('1000000')
  })
})
