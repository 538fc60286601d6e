import { describe, expect, it } from 'vitest'
import { input } from '../../../engine/graph/graph.ts'
import {
  adamW,
  adamWDefaults,
  adamWScalars,
  adamWScalarValues,
  validateAdamW,
} from '../../../engine/optimizers/adamw.ts'
import { adaptiveChange } from '../../../engine/optimizers/moments.ts'
import { evaluate, scalar } from '../tiny-decoder.ts'

const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.2 }
const rate = 0.05

/** Runs the graph over a sequence of gradients of one number, whose parameter has the given shape. */
async function descend(gradients: readonly number[], shape: readonly number[]): Promise<number[]> {
  const scalars = adamWScalars()
  const moments = { first: input('first', shape), second: input('second', shape) }
  const next = adaptiveChange(input('gradient', shape), moments, scalars, options)
  const nextParameter = adamW(input('parameter', shape), next.change, scalars)
  const outputs = { nextParameter, nextFirst: next.first, nextSecond: next.second }
  let [parameter, first, second] = [1, 0, 0]
  const path: number[] = []
  for (const [index, gradient] of gradients.entries()) {
    const { stepSize, rootCorrection, decay } = adamWScalarValues(options, rate, index + 1)
    const number = (value: number) => ({ data: Float64Array.of(value), shape })
    const found = await evaluate(outputs, {
      parameter: number(parameter),
      gradient: number(gradient),
      first: number(first),
      second: number(second),
      'adamw.stepSize': scalar(stepSize),
      'adamw.rootCorrection': scalar(rootCorrection),
      // A vector does not decay, so its graph has no such input.
      ...(shape.length > 1 && { 'adamw.decay': scalar(decay) }),
    })
    ;[parameter, first, second] = [found.nextParameter[0], found.nextFirst[0], found.nextSecond[0]]
    path.push(parameter)
  }
  return path
}

/** The published formulas, on plain numbers. */
function closedForm(gradients: readonly number[], weightDecay: number): number[] {
  let parameter = 1
  return gradients.map((_, index) => {
    const t = index + 1
    const seen = gradients.slice(0, t)
    const m = seen.reduce((sum, g, i) => sum + (1 - options.beta1) * options.beta1 ** (t - 1 - i) * g, 0)
    const v = seen.reduce((sum, g, i) => sum + (1 - options.beta2) * options.beta2 ** (t - 1 - i) * g * g, 0)
    const step = m / (1 - options.beta1 ** t) / (Math.sqrt(v / (1 - options.beta2 ** t)) + options.epsilon)
    parameter -= rate * (step + weightDecay * parameter)
    return parameter
  })
}

describe('AdamW', () => {
  const gradients = [0.5, -0.2, 3, 0.01, -1]

  it('follows the closed form of its moments, with decoupled decay', async () => {
    const [actual, expected] = [await descend(gradients, [1, 1]), closedForm(gradients, options.weightDecay)]
    // The constants of the graph are float32.
    for (const [index, value] of actual.entries()) expect(value).toBeCloseTo(expected[index], 6)
  })

  it('does not decay a vector', async () => {
    const [actual, expected] = [await descend(gradients, [1]), closedForm(gradients, 0)]
    for (const [index, value] of actual.entries()) expect(value).toBeCloseTo(expected[index], 6)
  })

  it('moves by the learning rate at the first step, whatever the size of the gradient', async () => {
    expect((await descend([1e-3], [1]))[0]).toBeCloseTo(1 - rate, 4)
    expect((await descend([1e3], [1]))[0]).toBeCloseTo(1 - rate, 4)
  })

  it.each([
    [{ beta1: 1 }, 'beta1 is 1'],
    [{ beta2: -0.1 }, 'beta2 is -0.1'],
    [{ epsilon: 0 }, 'epsilon is 0'],
    [{ weightDecay: -1 }, 'weightDecay is -1'],
  ])('refuses %o', (change, message) => {
    expect(() => validateAdamW({ ...adamWDefaults, ...change })).toThrow(message)
  })
})
