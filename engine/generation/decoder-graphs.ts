import { constant, type Graph, graph, input, type Node } from '../graph/graph.ts'
import { gather, greater, reshape, where } from '../graph/operations.ts'
import { BLOCKED, causalPositions, hiddenStates, ofTexts, type Parameters, vocabularyLogits } from '../models/llama.ts'
import { headWidth, type LlamaConfig } from '../models/llama-config.ts'
import { parameterShapes } from '../models/llama-parameters.ts'
import { rotaryTable } from '../models/rotary.ts'

const parts = ['keys', 'values'] as const
/** Name of a layer's cached keys or values, among the inputs of the step. */
const cacheName = (part: (typeof parts)[number], layer: number) => `${part}.${layer}`
/** The same among the outputs: of the tokens that were read, to be kept. */
export const freshName = (cacheName: string) => `fresh.${cacheName}`

/** The shape of what a layer keeps of one text: every array of the cache has it, behind an axis of texts. */
export const cacheShape = (config: LlamaConfig) =>
  [config.keyValueHeads, config.contextLength, headWidth(config)] as const

export const cacheNames = ({ layers }: LlamaConfig): string[] =>
  Array.from({ length: layers }, (_, layer) => parts.map(part => cacheName(part, layer))).flat()

/**
 * Reads a prompt in one run: `tokens` [1, length], of which those after `last` [1] are filler that nothing before them
 * sees. Gives `logits` [1, vocabulary] at `last`, and the keys and values of all [1, heads, length, width].
 */
export function prefillGraph(config: LlamaConfig, length: number): Graph {
  const outputs: Record<string, Node> = {}
  const parameters = parameterInputs(config)
  const tokens = input('tokens', [1, length], 'int32')
  const hidden = hiddenStates(config, parameters, tokens, causalPositions(config, length), (layer, fresh) => {
    for (const part of parts) outputs[freshName(cacheName(part, layer))] = fresh[part]
    return undefined
  })
  outputs.logits = vocabularyLogits(config, parameters, gather(hidden, input('last', [1], 'int32')))
  return graph(outputs)
}

/**
 * Reads one more token of so many texts at once: `tokens` [1, texts] at `positions` [texts], each of which sees all of its
 * own text's cache before its position, and itself. So the weights, which are most of what is read from memory, are read once
 * for all. Gives `logits` [texts, vocabulary], and the tokens' keys and values [texts, heads, 1, width], which whoever keeps the
 * caches writes there. What a cache holds from the position on, of a longer prompt's filler, is not seen.
 */
export function tokenGraph(config: LlamaConfig, texts: number): Graph {
  const [, contextLength, size] = cacheShape(config)
  const outputs: Record<string, Node> = {}
  const parameters = parameterInputs(config)
  const positions = input('positions', [texts], 'int32')

  const table = rotaryTable(contextLength, size, config.ropeTheta)
  const slots = constant(Int32Array.from({ length: contextLength }, (_, slot) => slot))
  const cached = (part: (typeof parts)[number], layer: number) =>
    input(cacheName(part, layer), [texts, ...cacheShape(config)])

  const hidden = hiddenStates(
    config,
    parameters,
    input('tokens', [1, texts], 'int32'),
    {
      cosines: gather(constant(table.cosines, [contextLength, size / 2]), positions),
      sines: gather(constant(table.sines, [contextLength, size / 2]), positions),
      mask: where(
        greater(reshape(positions, [texts, 1]), reshape(slots, [1, contextLength])),
        constant(0),
        constant(BLOCKED),
      ),
    },
    (layer, fresh) => {
      for (const part of parts) outputs[freshName(cacheName(part, layer))] = ofTexts(fresh[part])
      return { keys: cached('keys', layer), values: cached('values', layer) }
    },
  )
  outputs.logits = vocabularyLogits(config, parameters, hidden)
  return graph(outputs)
}

function parameterInputs(config: LlamaConfig): Parameters {
  const shapes = Object.entries(parameterShapes(config))
  return Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, shape)]))
}
