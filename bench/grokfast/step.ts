import { crossEntropy } from '../../engine/graph/composed.ts'
import { gradients } from '../../engine/graph/gradients.ts'
import { type Graph, graph, input, type Node } from '../../engine/graph/graph.ts'
import { grokkingLogits } from '../../engine/models/grokking.ts'
import { grokkingPaper, grokkingShapes } from '../../engine/models/grokking-parameters.ts'
import { adam } from '../../engine/optimizers/adam.ts'
import type { AdamWOptions } from '../../engine/optimizers/adamw.ts'
import { grokFastEma } from '../../engine/optimizers/grokfast-ema.ts'
import { grokFastMa } from '../../engine/optimizers/grokfast-ma.ts'
import { flatten, type Pack, packsOf, unflatten } from '../../engine/training/packs.ts'
import { LENGTH } from './equations.ts'
import type { Trial } from './trial.ts'

export const optimizerOf = ({ weightDecay }: Trial): AdamWOptions => ({
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay,
})

/** The vectors that are carried from step to step: the moments, and GrokFast's average or sum. */
export const carriedVectors = ({ filter }: Trial) => (filter ? ['first', 'second', 'slow'] : ['first', 'second'])

/** All parameters; they are few enough for one vector. */
export const [pack] = packsOf(grokkingShapes(grokkingPaper)) as [Pack]
const vectorInput = (name: string): Node => input(name, [pack.length])

function parameterInputs(): Record<string, Node> {
  const shapes = Object.entries(grokkingShapes(grokkingPaper))
  return Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, shape)]))
}

/** Logits, loss, gradients, filter and Adam for a batch of so many rows; new values are named `next.` and the old name. */
export function stepGraph(trial: Trial, rows: number): Graph {
  const parameters = parameterInputs()
  const logits = grokkingLogits(grokkingPaper, parameters, input('tokens', [rows, LENGTH], 'int32'))
  const loss = crossEntropy(logits, input('answers', [rows], 'int32'))
  const scalars = { stepSize: input('stepSize', []), rootCorrection: input('rootCorrection', []) }
  const outputs: Record<string, Node> = { loss, logits }

  const raw = gradients(loss, Object.values(parameters))
  const byName = Object.fromEntries(Object.keys(parameters).map((name, index) => [name, raw[index]!]))
  const { filtered, ...remembered } = filter(trial, flatten(pack, byName))
  const moments = { first: vectorInput('first'), second: vectorInput('second') }
  const next = adam(flatten(pack, parameters), filtered, moments, scalars, optimizerOf(trial))
  for (const [name, parameter] of Object.entries(unflatten(pack, next.parameter))) outputs[`next.${name}`] = parameter
  return graph({ ...outputs, ...remembered, 'next.first': next.first, 'next.second': next.second })
}

/** As the reference code: the filter sees the bare gradient, and the optimizer adds the decay to what it gives. */
function filter({ filter }: Trial, gradient: Node): { readonly filtered: Node } & Record<string, Node> {
  if (!filter) return { filtered: gradient }
  const slow = vectorInput('slow')
  if (filter.kind === 'EMA') {
    const { filtered, average } = grokFastEma(gradient, slow, alphaInput, gainInput)
    return { filtered, 'next.slow': average }
  }
  const { filtered, total } = grokFastMa(gradient, slow, vectorInput('oldest'), gainInput)
  return { filtered, 'next.slow': total, gradient }
}

const alphaInput = input('alpha', [])
const gainInput = input('gain', [])

export const evaluationGraph = (rows: number): Graph =>
  graph({ logits: grokkingLogits(grokkingPaper, parameterInputs(), input('tokens', [rows, LENGTH], 'int32')) })
