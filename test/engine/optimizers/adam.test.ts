import { expect, it } from 'vitest'
import { input } from '../../../engine/graph/graph.ts'
import { adam } from '../../../engine/optimizers/adam.ts'
import { adamWScalarValues } from '../../../engine/optimizers/adamw.ts'
import { evaluate, scalar, vector } from '../tiny-decoder.ts'

const options = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.3 }
const rate = 0.05

it('Adam follows the closed form of its moments, with the decay inside the gradient, for vectors too', async () => {
  const gradients = [0.5, -0.2, 3, 0.01, -1]
  const parts = adam(
    input('parameter', [1]),
    input('gradient', [1]),
    { first: input('first', [1]), second: input('second', [1]) },
    { stepSize: input('stepSize', []), rootCorrection: input('rootCorrection', []) },
    options,
  )
  const outputs = { nextParameter: parts.parameter, nextFirst: parts.first, nextSecond: parts.second }

  let [parameter, first, second] = [1, 0, 0]
  let expected = 1
  const seen: number[] = []
  for (const [index, gradient] of gradients.entries()) {
    const t = index + 1
    const { stepSize, rootCorrection } = adamWScalarValues(options, rate, t)
    const found = await evaluate(outputs, {
      parameter: vector(parameter),
      gradient: vector(gradient),
      first: vector(first),
      second: vector(second),
      stepSize: scalar(stepSize),
      rootCorrection: scalar(rootCorrection),
    })
    ;[parameter, first, second] = [found.nextParameter[0], found.nextFirst[0], found.nextSecond[0]]

    seen.push(gradient + options.weightDecay * expected)
    const m = seen.reduce((sum, g, i) => sum + (1 - options.beta1) * options.beta1 ** (t - 1 - i) * g, 0)
    const v = seen.reduce((sum, g, i) => sum + (1 - options.beta2) * options.beta2 ** (t - 1 - i) * g * g, 0)
    const unbiased = m / (1 - options.beta1 ** t)
    expected -= (rate * unbiased) / (Math.sqrt(v / (1 - options.beta2 ** t)) + options.epsilon)
    expect(parameter).toBeCloseTo(expected, 6)
  }
})
