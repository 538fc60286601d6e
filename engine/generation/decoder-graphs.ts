import { constant, type Graph, graph, input, type Node } from '../graph/graph.ts'
import { equal, gather, greater, pad, reshape, transpose, where } from '../graph/operations.ts'
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

const parts = ['keys', 'values'] as const
/** Name of a layer's cached keys or values, among the inputs of the step. */
const cacheName = (part: (typeof parts)[number], layer: number) => `${part}.${layer}`
/** Before the same name among the outputs of both graphs. */
export const NEXT = 'next.'

/** The shape of what a layer keeps of one text: every array of the cache has it, behind an axis of texts. */
export const cacheShape = (config: LlamaConfig) =>
  [config.keyValueHeads, config.contextLength, headWidth(config)] as const

export const cacheNames = ({ layers }: LlamaConfig): string[] =>
  Array.from({ length: layers }, (_, layer) => parts.map(part => cacheName(part, layer))).flat()

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
 * Reads one more token of so many texts at once: `tokens` [1, texts] at `positions` [texts], each of which writes its
 * keys and values into its own text's cache there and sees all of that up to there. So the weights, which are most of
 * what is read from memory, are read once for all. Gives `logits` [texts, vocabulary]. What a cache holds further on, of
 * a longer prompt's filler, is not seen and is overwritten in its turn.
 */
export function tokenGraph(config: LlamaConfig, texts: number): Graph {
  const [, contextLength, size] = cacheShape(config)
  const outputs: Record<string, Node> = {}
  const parameters = parameterInputs(config)
  const positions = input('positions', [texts], 'int32')

  const table = rotaryTable(contextLength, size, config.ropeTheta)
  const slots = constant(Int32Array.from({ length: contextLength }, (_, slot) => slot))
  const isPosition = equal(reshape(slots, [contextLength, 1]), reshape(positions, [texts, 1, 1, 1]))
  const cached = (part: (typeof parts)[number], layer: number, fresh: Node) =>
    where(isPosition, transpose(fresh, [2, 1, 0, 3]), input(cacheName(part, layer), [texts, ...cacheShape(config)]))

  const hidden = hiddenStates(
    config,
    parameters,
    input('tokens', [1, texts], 'int32'),
    {
      cosines: gather(constant(table.cosines, [contextLength, size / 2]), positions),
      sines: gather(constant(table.sines, [contextLength, size / 2]), positions),
      mask: where(
        greater(reshape(slots, [1, contextLength]), reshape(positions, [texts, 1])),
        constant(BLOCKED),
        constant(0),
      ),
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
  for (const part of parts) outputs[`${NEXT}${cacheName(part, layer)}`] = cached[part]
  return cached
}
