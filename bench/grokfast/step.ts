import { crossEntropy } from '../../engine/graph/composed.ts'
import { gradients } from '../../engine/graph/gradients.ts'
import { type Graph, graph, input, type Node } from '../../engine/graph/graph.ts'
import { grokkingLogits } from '../../engine/models/grokking.ts'
import { grokkingPaper, grokkingShapes } from '../../engine/models/grokking-parameters.ts'
import { adam } from '../../engine/optimizers/adam.ts'
import type { AdamWOptions } from '../../engine/optimizers/adamw.ts'
import { grokFastEma } from '../../engine/optimizers/grokfast-ema.ts'
import { grokFastMa } from '../../engine/optimizers/grokfast-ma.ts'
import { LENGTH } from './equations.ts'
import type { Trial } from './trial.ts'

export const optimizerOf = ({ weightDecay }: Trial): AdamWOptions => ({
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay,
})

/** What is carried from step to step, beside the parameters: the moments, and GrokFast's average or sum. */
export const carriedKinds = ({ filter }: Trial) => (filter ? ['first', 'second', 'slow'] : ['first', 'second'])

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
  for (const [index, [name, parameter]] of Object.entries(parameters).entries()) {
    const carried = (kind: string) => input(`${kind}.${name}`, parameter.shape)
    const gradient = filtered(trial, name, raw[index]!, carried, outputs)
    const moments = { first: carried('first'), second: carried('second') }
    const next = adam(parameter, gradient, moments, scalars, optimizerOf(trial))
    outputs[`next.${name}`] = next.parameter
    outputs[`next.first.${name}`] = next.first
    outputs[`next.second.${name}`] = next.second
  }
  return graph(outputs)
}

/** As the reference code: the filter sees the bare gradient, and the optimizer adds the decay to what it gives. */
function filtered(
  { filter }: Trial,
  name: string,
  gradient: Node,
  carried: (kind: string) => Node,
  outputs: Record<string, Node>,
): Node {
  if (!filter) return gradient
  if (filter.kind === 'EMA') {
    const { filtered, average } = grokFastEma(gradient, carried('slow'), alphaInput, gainInput)
    outputs[`next.slow.${name}`] = average
    return filtered
  }
  const { filtered, total } = grokFastMa(gradient, carried('slow'), carried('oldest'), gainInput)
  outputs[`next.slow.${name}`] = total
  outputs[`gradient.${name}`] = gradient
  return filtered
}

const alphaInput = input('alpha', [])
const gainInput = input('gain', [])

export const evaluationGraph = (rows: number): Graph =>
  graph({ logits: grokkingLogits(grokkingPaper, parameterInputs(), input('tokens', [rows, LENGTH], 'int32')) })
