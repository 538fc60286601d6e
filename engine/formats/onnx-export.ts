import { EngineError } from '../errors.ts'
import { headWidth, type LlamaConfig } from '../models/llama-config.ts'
import {
  EMBEDDING,
  FINAL_NORM,
  HEAD,
  layerParameter,
  parameterCount,
  parameterShapes,
} from '../models/llama-parameters.ts'
import { filesOf, settingsFiles } from './huggingface.ts'
import { BOOL, FLOAT, INT64, type OnnxBuilder, onnxBuilder } from './onnx-builder.ts'
import type { FileParts, StoredModel } from './pretrained.ts'

/** Protocol buffers end at 2 GiB. */
const LARGEST_MODEL = 2 ** 31 - 2 ** 20
// exp(−1e9) is 0, and where a row sees nothing at all its softmax is still a number.
const BLOCKED = -1e9

/** The files from which transformers.js and optimum load the model: `onnx/model.onnx`, configuration and tokenizer. */
export function* onnxFiles(model: StoredModel): Generator<FileParts> {
  yield* filesOf(settingsFiles(model))
  yield { path: 'onnx/model.onnx', parts: decoderParts(model) }
}

/**
 * The decoder as an ONNX model with a cache, of standard operators only. Inputs as optimum names them: `input_ids`,
 * `position_ids` [batch, tokens], `attention_mask` [batch, past + tokens], int64, and `past_key_values.N.key` and `.value`
 * [batch, keyValueHeads, past, headWidth], where past may be 0. Outputs: `logits` [batch, tokens, vocabulary] and
 * `present.N.key` and `.value`. Throws INVALID_INPUT on a missing parameter, or on more than one file can hold.
 */
export async function* decoderParts({
  config,
  read,
}: Pick<StoredModel, 'config' | 'read'>): AsyncGenerator<Uint8Array> {
  const to = onnxBuilder()
  const weights = weightsOf(to, config, read)
  const { heads, keyValueHeads, normEpsilon } = config
  const size = headWidth(config)

  const ids = to.input('input_ids', INT64, ['batch_size', 'sequence_length'])
  const mask = to.input('attention_mask', INT64, ['batch_size', 'total_sequence_length'])
  const positions = to.input('position_ids', INT64, ['batch_size', 'sequence_length'])
  const bias = attentionBias(to, ids, mask)
  const angles = rotaryAngles(to, config, positions)

  const norm = (x: string, weight: string) => {
    const mean = to.operator('ReduceMean', [to.operator('Mul', [x, x])], { axes: [-1], keepdims: 1 })
    const root = to.operator('Sqrt', [to.operator('Add', [mean, to.float(normEpsilon)])])
    return to.operator('Mul', [to.operator('Div', [x, root]), weights(weight)])
  }
  const project = (x: string, weight: string) =>
    to.operator('MatMul', [x, to.operator('Transpose', [weights(weight)], { perm: [1, 0] })])

  let hidden = to.operator('Gather', [weights(EMBEDDING), ids], { axis: 0 })
  for (let layer = 0; layer < config.layers; layer++) {
    const named = (part: string) => layerParameter(layer, part)
    const cached = (part: 'key' | 'value', fresh: string) => {
      const shape = (length: string) => ['batch_size', keyValueHeads, length, size]
      const past = to.input(`past_key_values.${layer}.${part}`, FLOAT, shape('past_sequence_length'))
      const present = to.operator('Concat', [past, fresh], { axis: 2 })
      to.output(`present.${layer}.${part}`, present, shape('total_sequence_length'))
      return to.operator('Unsqueeze', [present, to.integers([2])])
    }

    const attended = norm(hidden, named('input_layernorm'))
    // [batch, tokens, width] → [batch, keyValueHeads, group, tokens, headWidth]: keys and values broadcast to the group.
    const grouped = to.integers([0, 0, keyValueHeads, heads / keyValueHeads, size])
    const split = to.operator('Reshape', [project(attended, named('self_attn.q_proj')), grouped])
    const queries = rotated(to, to.operator('Transpose', [split], { perm: [0, 2, 3, 1, 4] }), angles.ofQueries, size)
    const apart = (part: string) => {
      const shape = to.integers([0, 0, keyValueHeads, size])
      return to.operator('Transpose', [to.operator('Reshape', [project(attended, named(part)), shape])], {
        perm: [0, 2, 1, 3],
      })
    }
    const keys = cached('key', rotated(to, apart('self_attn.k_proj'), angles.ofKeys, size))
    const values = cached('value', apart('self_attn.v_proj'))

    const products = to.operator('MatMul', [queries, to.operator('Transpose', [keys], { perm: [0, 1, 2, 4, 3] })])
    const scores = to.operator('Mul', [products, to.float(1 / Math.sqrt(size))])
    const shares = to.operator('Softmax', [to.operator('Add', [scores, bias])], { axis: -1 })
    const byToken = to.operator('Transpose', [to.operator('MatMul', [shares, values])], { perm: [0, 3, 1, 2, 4] })
    const context = to.operator('Reshape', [byToken, to.integers([0, 0, config.width])])
    hidden = to.operator('Add', [hidden, project(context, named('self_attn.o_proj'))])

    const fed = norm(hidden, named('post_attention_layernorm'))
    const gate = project(fed, named('mlp.gate_proj'))
    const gated = to.operator('Mul', [gate, to.operator('Sigmoid', [gate])])
    const inner = to.operator('Mul', [gated, project(fed, named('mlp.up_proj'))])
    hidden = to.operator('Add', [hidden, project(inner, named('mlp.down_proj'))])
  }
  const logits = project(norm(hidden, FINAL_NORM), config.tiedEmbeddings ? EMBEDDING : HEAD)
  to.output('logits', logits, ['batch_size', 'sequence_length', config.vocabularySize])
  yield* to.parts('decoder')
}

function weightsOf(to: OnnxBuilder, config: LlamaConfig, read: StoredModel['read']) {
  const shapes = parameterShapes(config)
  const bytes = 4 * parameterCount(config)
  if (bytes > LARGEST_MODEL) {
    throw invalid(
      `its weights are ${bytes} bytes, and an ONNX file holds ${LARGEST_MODEL}: export it as safetensors or GGUF`,
    )
  }
  return (name: string): string => to.weight(name, shapes[name]!, () => read(name))
}

/** [batch, 1, 1, tokens, past + tokens]: 0 where a token may look, far below 0 at what is later, or masked out. */
function attentionBias(to: OnnxBuilder, ids: string, mask: string): string {
  const length = (x: string) => {
    const sizes = to.operator('Shape', [x])
    return to.operator('Gather', [sizes, to.integer(1)], { axis: 0 })
  }
  const total = length(mask)
  const keys = to.operator('Range', [to.integer(0), total, to.integer(1)])
  const queries = to.operator('Range', [to.operator('Sub', [total, length(ids)]), total, to.integer(1)])
  const isPast = to.operator('LessOrEqual', [keys, to.operator('Unsqueeze', [queries, to.integers([1])])])
  const isText = to.operator('Cast', [to.operator('Unsqueeze', [mask, to.integers([1, 2, 3])])], { to: BOOL })
  const isSeen = to.operator('And', [isPast, isText])
  return to.operator('Where', [isSeen, to.float(0), to.float(BLOCKED)])
}

interface Angles {
  readonly cosines: string
  readonly sines: string
}

/** cos and sin of p·θ^(−2i/d) at the positions given, broadcast over the heads of queries (5 axes) and of keys (4). */
function rotaryAngles(to: OnnxBuilder, config: LlamaConfig, positions: string) {
  const half = headWidth(config) / 2
  const speeds = Float32Array.from({ length: half }, (_, pair) => config.ropeTheta ** (-pair / half))
  const numbers = to.operator('Cast', [to.operator('Unsqueeze', [positions, to.integers([2])])], { to: FLOAT })
  const angles = to.operator('Mul', [numbers, to.floats('rotary.speeds', speeds)])
  const over = (axes: readonly number[]): Angles => {
    const [cosines, sines] = ['Cos', 'Sin'].map(of =>
      to.operator('Unsqueeze', [to.operator(of, [angles]), to.integers(axes)]),
    )
    return { cosines, sines }
  }
  return { ofQueries: over([1, 2]), ofKeys: over([1]) }
}

/** Element i of a head turns with i + d/2, as in engine/models/rotary.ts: (x₁·cos − x₂·sin, x₂·cos + x₁·sin). */
function rotated(to: OnnxBuilder, x: string, { cosines, sines }: Angles, size: number): string {
  const half = (begin: number) =>
    to.operator('Slice', [x, to.integers([begin]), to.integers([begin + size / 2]), to.integers([-1])])
  const [first, second] = [half(0), half(size / 2)]
  const product = (half: string, by: string) => to.operator('Mul', [half, by])
  const turned = [
    to.operator('Sub', [product(first, cosines), product(second, sines)]),
    to.operator('Add', [product(second, cosines), product(first, sines)]),
  ]
  return to.operator('Concat', turned, { axis: -1 })
}

const invalid = (reason: string) => new EngineError('INVALID_INPUT', `the model cannot be written as ONNX: ${reason}`)
