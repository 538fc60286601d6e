import { crossEntropy, scale } from '../graph/composed.ts'
import { gradients } from '../graph/gradients.ts'
import { type Graph, graph, input, type Node } from '../graph/graph.ts'
import { add } from '../graph/operations.ts'
import { logits } from '../models/llama.ts'
import { parameterShapes } from '../models/llama-parameters.ts'
import { adamW, adamWScalars } from '../optimizers/adamw.ts'
import { clipByNorm, globalNorm } from '../optimizers/clip.ts'
import { grokFastEma } from '../optimizers/grokfast-ema.ts'
import { grokFastMa } from '../optimizers/grokfast-ma.ts'
import { adaptiveChange } from '../optimizers/moments.ts'

import type { TrainerOptions } from './options.ts'
import { flatten, type Pack, packsOf, unflatten } from './packs.ts'

type Nodes = Record<string, Node>

/** What a loss depends on beside weights and tokens. */
export type EvaluationOptions = Pick<TrainerOptions, 'model' | 'batch' | 'context'>

/**
 * What a graph takes beside parameters, tokens and numbers: for each pack of parameters a vector of AdamW's moments, of
 * GrokFast's average or sum (`slow`), of the gradient that leaves GrokFast's window, and of the sum of accumulated
 * gradients. A graph gives the new value of an input as `next.` and the input's name.
 */
export type VectorKind = 'first' | 'second' | 'slow' | 'oldest' | 'sum'

export const vectorName = (kind: VectorKind, { id }: Pack) => `${kind}.${id}`
export const nextName = (name: string) => `next.${name}`
/** The input that an output is the next value of, if it is one. */
export const replacedBy = (output: string) => (output.startsWith('next.') ? output.slice('next.'.length) : undefined)

/** Output of the clipped gradient, for GrokFast's window. */
export const gradientName = ({ id }: Pack) => `gradient.${id}`

/** How the parameters share the vectors. */
export const parameterPacks = ({ model }: Pick<EvaluationOptions, 'model'>): readonly Pack[] =>
  packsOf(parameterShapes(model))

/** One whole step: loss, gradients, clipping, filter and AdamW. */
export function stepGraph(options: TrainerOptions): Graph {
  const parameters = parameterInputs(options)
  const { loss, gradient } = lossAndGradient(options, parameters)
  return graph({ loss, ...update(options, parameters, gradient) })
}

/** One of the passes of an accumulated step: adds its gradient to the sum. */
export function accumulateGraph(options: TrainerOptions): Graph {
  const { loss, gradient } = lossAndGradient(options, parameterInputs(options))
  const sums = parameterPacks(options).map((pack, index) => {
    const sum = vectorInput('sum', pack)
    return [nextName(vectorName('sum', pack)), add(sum, gradient[index])] as const
  })
  return graph({ loss, ...Object.fromEntries(sums) })
}

/** The loss and the gradient, which is called a sum as what `applyGraph` takes. */
export function gradientGraph(options: TrainerOptions): Graph {
  const { loss, gradient } = lossAndGradient(options, parameterInputs(options))
  const sums = parameterPacks(options).map((pack, index) => [vectorName('sum', pack), gradient[index]] as const)
  return graph({ loss, ...Object.fromEntries(sums) })
}

/** The end of an accumulated step: the averaged sum through clipping, filter and AdamW. */
export function applyGraph(options: TrainerOptions): Graph {
  const averages = parameterPacks(options).map(pack => scale(vectorInput('sum', pack), 1 / options.accumulation))
  return graph(update(options, parameterInputs(options), averages))
}

/** The loss alone. */
export function evaluationGraph(options: EvaluationOptions): Graph {
  return graph({ loss: lossOf(options, parameterInputs(options)) })
}

function parameterInputs({ model }: EvaluationOptions): Nodes {
  const shapes = Object.entries(parameterShapes(model))
  return Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, shape)]))
}

const vectorInput = (kind: VectorKind, pack: Pack): Node => input(vectorName(kind, pack), [pack.length])

/** Mean cross-entropy in nats per token. */
function lossOf({ model, batch, context }: EvaluationOptions, parameters: Nodes): Node {
  const tokens = input('tokens', [batch, context], 'int32')
  const targets = input('targets', [batch, context], 'int32')
  return crossEntropy(logits(model, parameters, tokens), targets)
}

/** The gradient is ∂loss/∂parameter of every parameter, a vector for each pack. */
function lossAndGradient(options: TrainerOptions, parameters: Nodes): { loss: Node; gradient: Node[] } {
  const loss = lossOf(options, parameters)
  const found = gradients(loss, Object.values(parameters))
  const byName = Object.fromEntries(Object.keys(parameters).map((name, index) => [name, found[index]]))
  return { loss, gradient: parameterPacks(options).map(pack => flatten(pack, byName)) }
}

function update(options: TrainerOptions, parameters: Nodes, raw: readonly Node[]): Nodes {
  const gradientNorm = globalNorm(raw)
  const clipped = clipByNorm(raw, gradientNorm, options.clip)
  const scalars = adamWScalars()
  const filter = gradientFilter(options)

  const outputs: Nodes = { gradientNorm }
  for (const [index, pack] of parameterPacks(options).entries()) {
    const { filtered, ...remembered } = filter(pack, clipped[index])
    const moments = { first: vectorInput('first', pack), second: vectorInput('second', pack) }
    const { change, first, second } = adaptiveChange(filtered, moments, scalars, options.optimizer)
    Object.assign(outputs, remembered)
    outputs[nextName(vectorName('first', pack))] = first
    outputs[nextName(vectorName('second', pack))] = second
    for (const [name, part] of Object.entries(unflatten(pack, change)))
      outputs[nextName(name)] = adamW(parameters[name], part, scalars)
  }
  return outputs
}

/** The gradient as AdamW sees it, and what the filter remembers, by its output. */
type GradientFilter = (pack: Pack, gradient: Node) => { readonly filtered: Node } & Nodes

function gradientFilter({ grokfast }: TrainerOptions): GradientFilter {
  if (!grokfast) return (_, filtered) => ({ filtered })

  const gain = input('grokfast.gain', [])
  if (grokfast.kind === 'EMA') {
    const alpha = input('grokfast.alpha', [])
    return (pack, gradient) => {
      const { filtered, average } = grokFastEma(gradient, vectorInput('slow', pack), alpha, gain)
      return { filtered, [nextName(vectorName('slow', pack))]: average }
    }
  }
  return (pack, gradient) => {
    const { filtered, total } = grokFastMa(gradient, vectorInput('slow', pack), vectorInput('oldest', pack), gain)
    return { filtered, [nextName(vectorName('slow', pack))]: total, [gradientName(pack)]: gradient }
  }
}
