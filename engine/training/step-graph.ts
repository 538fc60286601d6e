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
import type { TrainerOptions } from './options.ts'

type Nodes = Record<string, Node>

/** What a loss depends on beside weights and tokens. */
export type EvaluationOptions = Pick<TrainerOptions, 'model' | 'batch' | 'context'>

/**
 * The kinds of tensor that a graph takes beside the parameters, one per parameter, named `kind.parameter`:
 * AdamW's moments, GrokFast's average or sum (`slow`), the gradient that leaves GrokFast's window, and the sum
 * of accumulated gradients. A graph gives the new value of an input as `next.` and the input's name.
 */
export type TensorKind = 'first' | 'second' | 'slow' | 'oldest' | 'sum'

export const tensorName = (kind: TensorKind, parameter: string) => `${kind}.${parameter}`
const nextName = (name: string) => `next.${name}`
/** The input that an output is the next value of, if it is one. */
export const replacedBy = (output: string) => (output.startsWith('next.') ? output.slice('next.'.length) : undefined)

/** Output of the clipped gradient, for GrokFast's window. */
const gradientName = (parameter: string) => `gradient.${parameter}`
export const parameterOfGradient = (output: string) => output.slice('gradient.'.length)

/** One whole step: loss, gradients, clipping, filter and AdamW. */
export function stepGraph(options: TrainerOptions): Graph {
  const parameters = parameterInputs(options)
  const loss = lossOf(options, parameters)
  return graph({ loss, ...update(options, parameters, gradients(loss, Object.values(parameters))) })
}

/** One of the passes of an accumulated step: adds its gradients to the sum. */
export function accumulateGraph(options: TrainerOptions): Graph {
  const parameters = parameterInputs(options)
  const loss = lossOf(options, parameters)
  const outputs: Nodes = { loss }
  const names = Object.keys(parameters)
  gradients(loss, Object.values(parameters)).forEach((gradient, index) => {
    const sum = tensorInput('sum', names[index], gradient)
    outputs[nextName(tensorName('sum', names[index]))] = add(sum, gradient)
  })
  return graph(outputs)
}

/** The end of an accumulated step: the averaged sum through clipping, filter and AdamW. */
export function applyGraph(options: TrainerOptions): Graph {
  const parameters = parameterInputs(options)
  const averages = Object.entries(parameters).map(([name, parameter]) =>
    scale(tensorInput('sum', name, parameter), 1 / options.accumulation),
  )
  return graph(update(options, parameters, averages))
}

/** The loss alone. */
export function evaluationGraph(options: EvaluationOptions): Graph {
  return graph({ loss: lossOf(options, parameterInputs(options)) })
}

function parameterInputs({ model }: EvaluationOptions): Nodes {
  const shapes = Object.entries(parameterShapes(model))
  return Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, shape)]))
}

function tensorInput(kind: TensorKind, name: string, like: Node): Node {
  return input(tensorName(kind, name), like.shape)
}

/** Mean cross-entropy in nats per token. */
function lossOf({ model, batch, context }: EvaluationOptions, parameters: Nodes): Node {
  const tokens = input('tokens', [batch, context], 'int32')
  const targets = input('targets', [batch, context], 'int32')
  return crossEntropy(logits(model, parameters, tokens), targets)
}

function update(options: TrainerOptions, parameters: Nodes, raw: readonly Node[]): Nodes {
  const gradientNorm = globalNorm(raw)
  const clipped = clipByNorm(raw, gradientNorm, options.clip)
  const scalars = adamWScalars()
  const filter = gradientFilter(options)

  const outputs: Nodes = { gradientNorm }
  Object.entries(parameters).forEach(([name, parameter], index) => {
    const moments = { first: tensorInput('first', name, parameter), second: tensorInput('second', name, parameter) }
    const next = adamW(parameter, filter(name, clipped[index], outputs), moments, scalars, options.optimizer)
    outputs[nextName(name)] = next.parameter
    outputs[nextName(tensorName('first', name))] = next.first
    outputs[nextName(tensorName('second', name))] = next.second
  })
  return outputs
}

/** The gradient as AdamW sees it; what the filter remembers goes to the outputs. */
type GradientFilter = (parameter: string, gradient: Node, outputs: Nodes) => Node

function gradientFilter({ grokfast }: TrainerOptions): GradientFilter {
  if (!grokfast) return (_, gradient) => gradient

  const gain = input('grokfast.gain', [])
  if (grokfast.kind === 'EMA') {
    const alpha = input('grokfast.alpha', [])
    return (name, gradient, outputs) => {
      const { filtered, average } = grokFastEma(gradient, tensorInput('slow', name, gradient), alpha, gain)
      outputs[nextName(tensorName('slow', name))] = average
      return filtered
    }
  }

  return (name, gradient, outputs) => {
    const oldest = tensorInput('oldest', name, gradient)
    const { filtered, total } = grokFastMa(gradient, tensorInput('slow', name, gradient), oldest, gain)
    outputs[nextName(tensorName('slow', name))] = total
    outputs[gradientName(name)] = gradient
    return filtered
  }
}
