import { constant, type Graph, graph, input, type Node } from '../graph/graph.ts'
import { equal, gather, greater, pad, reshape, where } from '../graph/operations.ts'
import {
  BLOCKED,
  causalPositions,
  hiddenStates,
  type KeysAndValues,
  type Parameters,
  vocabularyLogits,
} from '../models/llama.ts'
import { headWidth, type LlamaConfig } from '../models/llama-config.ts'
import { parameterShapes } from '../models/llama-parameters.ts'
import { rotaryTable } from '../models/rotary.ts'

/** Name of a layer's cached keys or values, among the inputs of the step. */
const cacheName = (part: 'keys' | 'values', layer: number) => `${part}.${layer}`
/** The same among the outputs of both graphs. */
const nextCacheName = (part: 'keys' | 'values', layer: number) => `next.${cacheName(part, layer)}`

/**
 * Reads a prompt in one run: `tokens` [1, length], of which those after `last` [1] are filler that nothing before them
 * sees. Gives `logits` [1, vocabulary] at `last`, and the cache, whose slots from `length` on are zeros.
 */
export function prefillGraph(config: LlamaConfig, length: number): Graph {
  const beyond = [0, 0, config.contextLength - length, 0]
  const padded = (fresh: Node) => (length < config.contextLength ? pad(fresh, [0, 0, 0, 0], beyond) : fresh)
  const outputs: Record<string, Node> = {}
  const parameters = parameterInputs(config)
  const tokens = input('tokens', [1, length], 'int32')
  const hidden = hiddenStates(config, parameters, tokens, causalPositions(config, length), (layer, fresh) => {
    keep(outputs, layer, { keys: padded(fresh.keys), values: padded(fresh.values) })
    return fresh
  })
  outputs.logits = vocabularyLogits(config, parameters, gather(hidden, input('last', [1], 'int32')))
  return graph(outputs)
}

/**
 * Reads one token at `position` [1], which writes its keys and values into the cache there and sees all up to there.
 * What the cache holds further on, of a longer prompt's filler, is not seen and is overwritten in its turn.
 */
export function tokenGraph(config: LlamaConfig): Graph {
  const { contextLength, keyValueHeads } = config
  const size = headWidth(config)
  const outputs: Record<string, Node> = {}
  const parameters = parameterInputs(config)
  const position = input('position', [1], 'int32')

  const table = rotaryTable(contextLength, size, config.ropeTheta)
  const slots = constant(Int32Array.from({ length: contextLength }, (_, slot) => slot))
  const isPosition = equal(reshape(slots, [contextLength, 1]), position)
  const cached = (part: 'keys' | 'values', layer: number, fresh: Node) =>
    where(isPosition, fresh, input(cacheName(part, layer), [1, keyValueHeads, contextLength, size]))

  const hidden = hiddenStates(
    config,
    parameters,
    input('tokens', [1, 1], 'int32'),
    {
      cosines: gather(constant(table.cosines, [contextLength, size / 2]), position),
      sines: gather(constant(table.sines, [contextLength, size / 2]), position),
      mask: where(greater(reshape(slots, [1, contextLength]), position), constant(BLOCKED), constant(0)),
    },
    (layer, { keys, values }) =>
      keep(outputs, layer, { keys: cached('keys', layer, keys), values: cached('values', layer, values) }),
  )
  outputs.logits = vocabularyLogits(config, parameters, hidden)
  return graph(outputs)
}

function parameterInputs(config: LlamaConfig): Parameters {
  const shapes = Object.entries(parameterShapes(config))
  return Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, shape)]))
}

function keep(outputs: Record<string, Node>, layer: number, cached: KeysAndValues): KeysAndValues {
  outputs[nextCacheName('keys', layer)] = cached.keys
  outputs[nextCacheName('values', layer)] = cached.values
  return cached
}
