import type { Shape } from '../graph/graph.ts'
import { sizeOf } from '../graph/shapes.ts'
import { headWidth, type LlamaConfig } from '../models/llama-config.ts'
import { EMBEDDING, FINAL_NORM, HEAD, parameterShapes } from '../models/llama-parameters.ts'
import { F16, F32, Q4_0, Q8_0, type TensorEncoding } from './gguf-encodings.ts'
import { type GgufValue, ggufHeader, paddingAfter } from './gguf-header.ts'
import { requireTernary, requireWholeBlocks, TQ1_0, TQ2_0 } from './gguf-ternary.ts'
import { ggufTokenizer } from './gguf-tokenizer.ts'
import type { StoredModel } from './pretrained.ts'

/** What most of the numbers are stored as; `fileType` is its number in `enum llama_ftype`. */
const types = {
  f32: { encoding: F32, fileType: 0 },
  f16: { encoding: F16, fileType: 1 },
  q8_0: { encoding: Q8_0, fileType: 7 },
  q4_0: { encoding: Q4_0, fileType: 2 },
  tq1_0: { encoding: TQ1_0, fileType: 36 },
  tq2_0: { encoding: TQ2_0, fileType: 37 },
} as const

export type GgufType = keyof typeof types
export const ggufTypes = Object.keys(types) as readonly GgufType[]

/**
 * A model as llama.cpp loads it, tokenizer inside, part by part for a stream. Norms stay F32; with Q4_0 the embedding and
 * the head are Q8_0, with TQ1_0 and TQ2_0 F16; a matrix whose rows are no multiple of a block is F16, but for TQ1_0 and
 * TQ2_0 an error, as a model that is not ternary. One parameter at a time is read. Throws INVALID_INPUT, also on a missing one.
 */
export async function* ggufParts(
  { config, tokenizer, read }: StoredModel,
  { name, type }: { readonly name: string; readonly type: GgufType },
): AsyncGenerator<Uint8Array> {
  const tensors = Object.entries(parameterShapes(config)).map(([parameter, shape]) => {
    const encoding = encodingOf(type, parameter, shape)
    if (isTernary(encoding)) requireWholeBlocks(parameter, shape[1]!)
    const byteLength = (sizeOf(shape) / encoding.blockSize) * encoding.blockBytes
    return { name: tensorName(parameter), shape, type: encoding.id, byteLength, parameter, encoding }
  })
  const metadata: Record<string, GgufValue> = {
    'general.architecture': 'llama',
    'general.name': name,
    'general.file_type': { uint32: types[type].fileType },
    'general.quantization_version': { uint32: 2 },
    ...architecture(config),
    ...ggufTokenizer(tokenizer, config.vocabularySize),
  }
  yield ggufHeader(metadata, tensors)
  for (const { parameter, shape, encoding, byteLength } of tensors) {
    const data = await read(parameter)
    if (isTernary(encoding)) requireTernary(parameter, data)
    yield encoding.encode(forRotation(config, parameter, shape, data))
    yield new Uint8Array(paddingAfter(byteLength))
  }
}

const isTernary = (encoding: TensorEncoding): boolean => encoding === TQ1_0 || encoding === TQ2_0

function architecture(config: LlamaConfig): Record<string, GgufValue> {
  return {
    'llama.vocab_size': { uint32: config.vocabularySize },
    'llama.context_length': { uint32: config.contextLength },
    'llama.embedding_length': { uint32: config.width },
    'llama.block_count': { uint32: config.layers },
    'llama.feed_forward_length': { uint32: config.feedForward },
    'llama.attention.head_count': { uint32: config.heads },
    'llama.attention.head_count_kv': { uint32: config.keyValueHeads },
    'llama.attention.key_length': { uint32: headWidth(config) },
    'llama.attention.value_length': { uint32: headWidth(config) },
    'llama.attention.layer_norm_rms_epsilon': { float32: config.normEpsilon },
    'llama.rope.dimension_count': { uint32: headWidth(config) },
    'llama.rope.freq_base': { float32: config.ropeTheta },
  }
}

function encodingOf(type: GgufType, parameter: string, shape: Shape): TensorEncoding {
  if (shape.length === 1) return F32
  const isVocabulary = parameter === EMBEDDING || parameter === HEAD
  // Embedding and head of a ternary model are not: only what is inside of the layers was trained so.
  if (type === 'tq1_0' || type === 'tq2_0') return isVocabulary ? F16 : types[type].encoding
  const wanted = type === 'q4_0' && isVocabulary ? Q8_0 : types[type].encoding
  return shape[1] % wanted.blockSize === 0 ? wanted : F16
}

const outer: Readonly<Record<string, string>> = {
  [EMBEDDING]: 'token_embd.weight',
  [FINAL_NORM]: 'output_norm.weight',
  [HEAD]: 'output.weight',
}
const inner: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
}

function tensorName(parameter: string): string {
  const [, layer, part] = /^model\.layers\.(\d+)\.(.+)\.weight$/.exec(parameter) ?? []
  return part === undefined ? outer[parameter] : `blk.${layer}.${inner[part]}.weight`
}

/**
 * llama.cpp turns neighbours (2i, 2i + 1) of a head where we turn (i, i + d/2): the rows of what makes queries and keys
 * change places so that both mean the same (`permute` of its convert_hf_to_gguf.py).
 */
function forRotation(config: LlamaConfig, parameter: string, shape: Shape, data: Float32Array): Float32Array {
  if (!/\.(q|k)_proj\./.test(parameter)) return data
  const [rows, columns] = shape
  const size = headWidth(config)
  const moved = new Float32Array(data.length)
  for (let row = 0; row < rows; row++) {
    const within = row % size
    const from = row - within + (within % 2) * (size / 2) + Math.floor(within / 2)
    moved.set(data.subarray(from * columns, (from + 1) * columns), row * columns)
  }
  return moved
}
