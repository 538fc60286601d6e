import { crossEntropy, scale } from '../graph/composed.ts'
import { gradients } from '../graph/gradients.ts'
import { type Graph, graph, input, type Node } from '../graph/graph.ts'
import { add } from '../graph/operations.ts'
import { logits } from '../models/llama.ts'
import { parameterShapes } from '../models/llama-parameters.ts'
import { adamW, adamWScalars } from '../optimizers/adamw.ts'
import { clipByNorm, euclideanNorm } from '../optimizers/clip.ts'
import { grokFastEma } from '../optimizers/grokfast-ema.ts'
import { grokFastMa } from '../optimizers/grokfast-ma.ts'
import { adaptiveChange } from '../optimizers/moments.ts'
import { flatten, lengthOf, type Place, placesOf, unflatten } from './flat.ts'
import type { TrainerOptions } from './options.ts'

type Nodes = Record<string, Node>

/** What a loss depends on beside weights and tokens. */
export type EvaluationOptions = Pick<TrainerOptions, 'model' | 'batch' | 'context'>

/**
 * What a graph takes beside parameters, tokens and numbers: vectors that hold something of every parameter, at the
 * places of `parameterPlaces`. They are AdamW's moments, GrokFast's average or sum (`slow`), the gradient that leaves
 * GrokFast's window, and the sum of accumulated gradients. A graph gives the new value of an input as `next.` and the
 * input's name.
 */
export type VectorName = 'first' | 'second' | 'slow' | 'oldest' | 'sum'

const nextName = (name: string) => `next.${name}`
/** The input that an output is the next value of, if it is one. */
export const replacedBy = (output: string) => (output.startsWith('next.') ? output.slice('next.'.length) : undefined)

/** Output of the clipped gradient, for GrokFast's window. */
export const GRADIENT = 'gradient'

/** Where each parameter's numbers stand in a vector of all. */
export const parameterPlaces = ({ model }: Pick<EvaluationOptions, 'model'>): readonly Place[] =>
  placesOf(parameterShapes(model))

/** One whole step: loss, gradients, clipping, filter and AdamW. */
export function stepGraph(options: TrainerOptions): Graph {
  const parameters = parameterInputs(options)
  const loss = lossOf(options, parameters)
  return graph({ loss, ...update(options, parameters, gradientOf(options, loss, parameters)) })
}

/** One of the passes of an accumulated step: adds its gradient to the sum. */
export function accumulateGraph(options: TrainerOptions): Graph {
  const parameters = parameterInputs(options)
  const loss = lossOf(options, parameters)
  const sum = add(vectorInput(options, 'sum'), gradientOf(options, loss, parameters))
  return graph({ loss, [nextName('sum')]: sum })
}

/** The end of an accumulated step: the averaged sum through clipping, filter and AdamW. */
export function applyGraph(options: TrainerOptions): Graph {
  const average = scale(vectorInput(options, 'sum'), 1 / options.accumulation)
  return graph(update(options, parameterInputs(options), average))
}

/** The loss alone. */
export function evaluationGraph(options: EvaluationOptions): Graph {
  return graph({ loss: lossOf(options, parameterInputs(options)) })
}

function parameterInputs({ model }: EvaluationOptions): Nodes {
  const shapes = Object.entries(parameterShapes(model))
  return Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, shape)]))
}

const vectorInput = (options: TrainerOptions, name: VectorName): Node =>
  input(name, [lengthOf(parameterPlaces(options))])

/** Mean cross-entropy in nats per token. */
function lossOf({ model, batch, context }: EvaluationOptions, parameters: Nodes): Node {
  const tokens = input('tokens', [batch, context], 'int32')
  const targets = input('targets', [batch, context], 'int32')
  return crossEntropy(logits(model, parameters, tokens), targets)
}

/** ∂loss/∂parameter of every parameter, one vector. */
function gradientOf(options: TrainerOptions, loss: Node, parameters: Nodes): Node {
  const found = gradients(loss, Object.values(parameters))
  const byName = Object.fromEntries(Object.keys(parameters).map((name, index) => [name, found[index]]))
  return flatten(parameterPlaces(options), byName)
}

function update(options: TrainerOptions, parameters: Nodes, gradient: Node): Nodes {
  const gradientNorm = euclideanNorm(gradient)
  const { filtered, ...remembered } = filter(options, clipByNorm(gradient, gradientNorm, options.clip))
  const moments = { first: vectorInput(options, 'first'), second: vectorInput(options, 'second') }
  const scalars = adamWScalars()
  const { change, first, second } = adaptiveChange(filtered, moments, scalars, options.optimizer)

  const outputs: Nodes = { gradientNorm, ...remembered, [nextName('first')]: first, [nextName('second')]: second }
  const changes = unflatten(parameterPlaces(options), change)
  for (const [name, parameter] of Object.entries(parameters))
    outputs[nextName(name)] = adamW(parameter, changes[name], scalars)
  return outputs
}

/** The gradient as AdamW sees it, and what the filter remembers, by its output. */
function filter(options: TrainerOptions, gradient: Node): { readonly filtered: Node } & Nodes {
  const { grokfast } = options
  if (!grokfast) return { filtered: gradient }

  const gain = input('grokfast.gain', [])
  const slow = vectorInput(options, 'slow')
  if (grokfast.kind === 'EMA') {
    const { filtered, average } = grokFastEma(gradient, slow, input('grokfast.alpha', []), gain)
    return { filtered, [nextName('slow')]: average }
  }
  const { filtered, total } = grokFastMa(gradient, slow, vectorInput(options, 'oldest'), gain)
  return { filtered, [nextName('slow')]: total, [GRADIENT]: gradient }
}
