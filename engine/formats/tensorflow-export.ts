import { sizeOf } from '../graph/shapes.ts'
import { headWidth, type LlamaConfig } from '../models/llama-config.ts'
import { EMBEDDING, FINAL_NORM, HEAD, layerParameter, parameterShapes } from '../models/llama-parameters.ts'
import { rotaryTable } from '../models/rotary.ts'
import { filesOf, settingsFiles } from './huggingface.ts'
import type { FileParts, StoredModel } from './pretrained.ts'
import { type GraphBuilder, graphBuilder } from './tensorflow-graph.ts'

/** Bytes of one file of weights, as tensorflowjs_converter cuts them. */
const shardBytes = 4 * 1024 * 1024
const blocked = -1e9

/**
 * A TensorFlow.js graph model beside configuration and tokenizer: `tf.loadGraphModel('model.json')`. Input `input_ids`
 * [1, contextLength] int32, padded behind the text with any id; output `logits` [1, contextLength, vocabulary], of which
 * row n says what follows the first n + 1 tokens. One parameter at a time is read. Throws INVALID_INPUT on a missing one.
 */
export async function* tensorflowFiles(model: StoredModel): AsyncGenerator<FileParts> {
  const { nodes, weights } = decoderGraph(model)
  const bytes = weights.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
  const count = Math.ceil(bytes / shardBytes)
  const paths = Array.from({ length: count }, (_, index) => `group1-shard${index + 1}of${count}.bin`)
  const { contextLength, vocabularySize } = model.config
  const described = {
    format: 'graph-model',
    generatedBy: 'agent-forge',
    convertedBy: null,
    signature: {
      inputs: { input_ids: signature('input_ids', 'DT_INT32', [1, contextLength]) },
      outputs: { logits: signature('logits', 'DT_FLOAT', [1, contextLength, vocabularySize]) },
    },
    modelTopology: { node: nodes, library: {}, versions: { producer: 1882 } },
    weightsManifest: [
      {
        paths,
        weights: weights.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
      },
    ],
  }
  yield* filesOf({ ...settingsFiles(model), 'model.json': Buffer.from(JSON.stringify(described)) })
  let written = 0
  for await (const shard of shards(weights)) yield { path: paths[written++]!, parts: [shard] }
}

/** The numbers of all weights, one behind the other, cut into pieces of equal length but for the last. */
async function* shards(weights: GraphBuilder['weights']): AsyncGenerator<Uint8Array> {
  let shard = Buffer.alloc(0)
  for (const { read } of weights) {
    const { buffer, byteOffset, byteLength } = await read()
    let rest = Buffer.from(buffer, byteOffset, byteLength)
    while (shard.length + rest.length >= shardBytes) {
      const taken = shardBytes - shard.length
      yield Buffer.concat([shard, rest.subarray(0, taken)])
      shard = Buffer.alloc(0)
      rest = rest.subarray(taken)
    }
    shard = Buffer.concat([shard, rest])
  }
  if (shard.length > 0) yield shard
}

const signature = (name: string, dtype: string, sizes: readonly number[]) => ({
  name: `${name}:0`,
  dtype,
  tensorShape: { dim: sizes.map(size => ({ size: String(size) })) },
})

function decoderGraph({ config, read }: StoredModel): GraphBuilder {
  const to = graphBuilder()
  const { contextLength: length, width, heads, keyValueHeads, normEpsilon } = config
  const size = headWidth(config)
  const shapes = parameterShapes(config)
  const weight = (name: string) => to.weight({ name, shape: shapes[name]!, dtype: 'float32', read: () => read(name) })
  const norm = (x: string, name: string) => {
    const mean = to.operator('AddV2', [to.mean(to.operator('Square', [x])), to.scalar(normEpsilon)])
    return to.operator('Mul', [to.operator('Mul', [x, to.operator('Rsqrt', [mean])]), weight(name)])
  }
  const project = (x: string, name: string) => to.product(x, weight(name), true)
  /** [length, heads · size] → [heads, length, size]. */
  const apart = (x: string, count: number) => to.transpose(to.reshape(x, length, count, size), 1, 0, 2)
  const turn = rotation(to, config)
  const bias = to.constant('bias', [1, length, length], causalBias(length))

  const ids = to.reshape(to.input('input_ids', [1, length]), length)
  let hidden = to.gather(weight(EMBEDDING), ids)
  for (let layer = 0; layer < config.layers; layer++) {
    const named = (part: string) => layerParameter(layer, part)
    const attended = norm(hidden, named('input_layernorm'))
    const queries = turn(apart(project(attended, named('self_attn.q_proj')), heads))
    const keys = turn(apart(project(attended, named('self_attn.k_proj')), keyValueHeads))
    const values = apart(project(attended, named('self_attn.v_proj')), keyValueHeads)
    // Queries of one group, one behind the other, meet the same keys.
    const group = heads / keyValueHeads
    const together = to.reshape(queries, keyValueHeads, group * length, size)
    const scores = to.reshape(to.product(together, keys, true), heads, length, length)
    const scaled = to.operator('Mul', [scores, to.scalar(1 / Math.sqrt(size))])
    const shares = to.operator('Softmax', [to.operator('AddV2', [scaled, bias])])
    const context = to.product(to.reshape(shares, keyValueHeads, group * length, length), values)
    const byToken = to.reshape(to.transpose(to.reshape(context, heads, length, size), 1, 0, 2), length, width)
    hidden = to.operator('AddV2', [hidden, project(byToken, named('self_attn.o_proj'))])

    const fed = norm(hidden, named('post_attention_layernorm'))
    const gate = project(fed, named('mlp.gate_proj'))
    const gated = to.operator('Mul', [gate, to.operator('Sigmoid', [gate])])
    const inner = to.operator('Mul', [gated, project(fed, named('mlp.up_proj'))])
    hidden = to.operator('AddV2', [hidden, project(inner, named('mlp.down_proj'))])
  }
  const logits = project(norm(hidden, FINAL_NORM), config.tiedEmbeddings ? EMBEDDING : HEAD)
  to.output('logits', to.reshape(logits, 1, length, config.vocabularySize))
  return to
}

/** Element i of a head turns with i + d/2, as in engine/models/rotary.ts. */
function rotation(to: GraphBuilder, config: LlamaConfig): (x: string) => string {
  const { contextLength, ropeTheta } = config
  const half = headWidth(config) / 2
  const table = rotaryTable(contextLength, 2 * half, ropeTheta)
  const cosines = to.constant('rotary/cosines', [1, contextLength, half], table.cosines)
  const sines = to.constant('rotary/sines', [1, contextLength, half], table.sines)
  const times = (x: string, by: string) => to.operator('Mul', [x, by])
  return x => {
    const [first, second] = [to.slice(x, 3, 0, half), to.slice(x, 3, half, half)]
    return to.concat([
      to.operator('Sub', [times(first, cosines), times(second, sines)]),
      to.operator('AddV2', [times(second, cosines), times(first, sines)]),
    ])
  }
}

/** [length, length]: 0 where a token may look, far below 0 at what is later. */
function causalBias(length: number): Float32Array {
  return Float32Array.from({ length: length * length }, (_, index) =>
    index % length > Math.floor(index / length) ? blocked : 0,
  )
}
