import { counted } from '../counted.ts'
import { EngineError } from '../errors.ts'

/** What a recipe must know of a model before its numbers are read. */
export interface ModelTensors {
  readonly shapes: ReadonlyMap<string, readonly number[]>
  readonly layers: number
  /** Names within a layer, as `self_attn.q_proj.weight`. */
  readonly parts: readonly string[]
  readonly outer: {
    /** Before the number of a layer, as `model.layers.`. */
    readonly prefix: string
    /** Embeddings. */
    readonly before: readonly string[]
    /** The last norm, and the output projection where it is not the embedding. */
    readonly after: readonly string[]
  }
  /** `config.json`. */
  readonly config: Readonly<Record<string, unknown>>
}

const layerName = /^(.*\blayers\.)(\d+)\.(.+)$/

/** Sorts a model's tensors by their names, as Hugging Face gives them to decoders. Throws INVALID_INPUT on others. */
export function modelTensors(
  model: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  config: Readonly<Record<string, unknown>>,
): ModelTensors {
  const named = [...shapes.keys()].map(name => layerName.exec(name) ?? name)
  const inLayers = named.filter(match => typeof match !== 'string')
  const others = named.filter(match => typeof match === 'string')
  const prefix = inLayers[0]?.[1]
  if (prefix === undefined) throw unusable(model, 'it has no tensors of layers, as model.layers.0.…')
  const foreign = inLayers.find(match => match[1] !== prefix)
  if (foreign) throw unusable(model, `${foreign[0]} is of another stack of layers than ${inLayers[0]![0]}`)

  const layers = Math.max(...inLayers.map(match => Number(match[2]))) + 1
  const claimed = config.num_hidden_layers
  if (claimed !== layers) throw unusable(model, `it has ${counted(layers, 'layer')}, and config.json says ${claimed}`)
  const parts = inLayers.filter(match => match[2] === '0').map(match => match[3]!)
  const missing = Array.from({ length: layers }, (_, layer) => parts.map(part => `${prefix}${layer}.${part}`))
    .flat()
    .find(name => !shapes.has(name))
  if (missing) throw unusable(model, `${missing} is missing`)
  const before = others.filter(name => name.includes('embed'))
  const after = others.filter(name => !name.includes('embed'))
  return { shapes, layers, parts, outer: { prefix, before, after }, config }
}

/** What decides the shapes of tensors and what they compute; the number of layers only where it must be one. */
const architecture = [
  'model_type',
  'hidden_size',
  'intermediate_size',
  'num_attention_heads',
  'num_key_value_heads',
  'vocab_size',
  'tie_word_embeddings',
  'rope_theta',
  'rms_norm_eps',
]

/** Throws INVALID_INPUT naming every size in which a model differs from the first. */
export function requireOneArchitecture(models: ReadonlyMap<string, ModelTensors>, withLayers: boolean): void {
  const [[firstName, first], ...others] = [...models] as [[string, ModelTensors], ...[string, ModelTensors][]]
  for (const [name, { config }] of others) {
    const differing = [...architecture, ...(withLayers ? ['num_hidden_layers'] : [])].filter(
      key => (config[key] ?? null) !== (first.config[key] ?? null),
    )
    if (differing.length === 0) continue
    const sizes = differing.map(key => `${key} ${first.config[key] ?? 'unset'} and ${config[key] ?? 'unset'}`)
    throw new EngineError(
      'INVALID_INPUT',
      `${firstName} and ${name} are of different architectures (${sizes.join(', ')}): only models of one can be merged`,
    )
  }
}

const unusable = (model: string, reason: string) =>
  new EngineError('INVALID_INPUT', `${model} cannot be merged: ${reason}`)
