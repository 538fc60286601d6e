import { describe, expect, it } from 'vitest'
import type { Value } from '../../../engine/executors/executor.ts'
import { openExecutor } from '../../../engine/executors/probe.ts'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { crossEntropy } from '../../../engine/graph/composed.ts'
import { gradients } from '../../../engine/graph/gradients.ts'
import { graph, input, type Shape } from '../../../engine/graph/graph.ts'
import { sizeOf } from '../../../engine/graph/shapes.ts'
import { grokkingLogits } from '../../../engine/models/grokking.ts'
import { grokkingPaper, grokkingShapes, initialGrokking } from '../../../engine/models/grokking-parameters.ts'
import { seededRandom } from '../../../engine/random.ts'
import { skipWithout } from '../executors/compiler.ts'
import { tokensFrom } from '../tiny-decoder.ts'

const tiny = { vocabularySize: 11, positions: 5, width: 8, layers: 2, heads: 2 }
const rows = 3
const length = 4
const shapes = Object.entries(grokkingShapes(tiny))
const random = seededRandom(5)
/** No bias is 0 and no norm 1, so that each has its part in the result. */
const weights = Object.fromEntries(
  Object.entries(initialGrokking(tiny, 1)).map(([name, values]) => [name, values.map(v => v + 0.2 * random.normal())]),
)
const tokens = tokensFrom(2, rows * length, tiny.vocabularySize)
const answers = tokensFrom(3, rows, tiny.vocabularySize)

const parameters = Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, shape)]))
const logits = grokkingLogits(tiny, parameters, input('tokens', [rows, length], 'int32'))
const loss = crossEntropy(logits, input('answers', [rows], 'int32'))
const backward = gradients(loss, Object.values(parameters))
const whole = graph({
  loss,
  logits,
  ...Object.fromEntries(shapes.map(([name], index) => [`gradient ${name}`, backward[index]])),
})

const feeds = <V extends Value>(value: (data: Float32Array | Int32Array, shape: Shape) => V): Record<string, V> => ({
  ...Object.fromEntries(shapes.map(([name, shape]) => [name, value(weights[name], shape)])),
  tokens: value(tokens, [rows, length]),
  answers: value(answers, [rows]),
})

describe('the decoder of the grokking experiments', () => {
  it('has the parameters of the reference code', () => {
    const sizes = Object.values(grokkingShapes(grokkingPaper)).map(sizeOf)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(422_784)
  })

  it('agrees with plain loops over every position', async () => {
    const executor = referenceExecutor()
    const found = await (await executor.compile(whole)).run(feeds(executor.value))
    const expected = Array.from({ length: rows }, (_, row) =>
      plainLogits([...tokens.subarray(row * length, (row + 1) * length)]),
    ).flat()
    for (const [index, value] of found.logits.exact.entries()) expect(value).toBeCloseTo(expected[index], 6)
  })

  it('has gradients that agree with finite differences for every parameter', async () => {
    const executor = referenceExecutor()
    const program = await executor.compile(whole)
    const given = feeds(executor.value)
    const found = await program.run(given)
    const lossWith = async (name: string, index: number, change: number) => {
      const data = Float64Array.from(given[name].exact)
      data[index] += change
      return (await program.run({ ...given, [name]: executor.value(data, given[name].shape) })).loss.exact[0]
    }
    for (const [name] of shapes) {
      const analytic = found[`gradient ${name}`].exact
      const index = random.integer(analytic.length)
      const numeric = ((await lossWith(name, index, 1e-5)) - (await lossWith(name, index, -1e-5))) / 2e-5
      expect(Math.abs(analytic[index] - numeric), `${name}[${index}]`).toBeLessThan(1e-8 + 1e-6 * Math.abs(numeric))
    }
  })

  it.for(['native', 'onnx', 'tfjs-wasm'])('gives on %s what the reference executor gives', async (name, context) => {
    skipWithout(name, context)
    const [executor, reference] = [await openExecutor(name), referenceExecutor()]
    const expected = await (await reference.compile(whole)).run(feeds(reference.value))
    await using program = await executor.compile(whole)
    const found = await program.run(feeds(executor.value))
    for (const [output, value] of Object.entries(found)) {
      const worst = Math.max(...value.data().map((x, i) => Math.abs(x - expected[output].exact[i])))
      expect(worst, output).toBeLessThan(1e-4)
    }
  })

  it('refuses a width that its heads do not divide', () => {
    expect(() => grokkingShapes({ ...tiny, heads: 3 })).toThrow('width 8 is not divisible by 3 heads')
  })
})

/** The forward pass of one sequence once more, one number at a time: logits after the last token. */
function plainLogits(sequence: readonly number[]): number[] {
  const { width, heads } = tiny
  const size = width / heads
  const bias = (name: string) => weights[`${name}.bias`]
  const row = (name: string, at: number) => [...weights[`${name}.weight`].subarray(at * width, (at + 1) * width)]
  const linear = (name: string, x: readonly number[]) =>
    Array.from({ length: weights[`${name}.weight`].length / x.length }, (_, out) =>
      x.reduce((sum, value, i) => sum + value * weights[`${name}.weight`][out * x.length + i], bias(name)?.[out] ?? 0),
    )
  const norm = (name: string, x: readonly number[]) => {
    const mean = x.reduce((sum, value) => sum + value) / x.length
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length
    return x.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * row(name, 0)[i] + bias(name)[i])
  }

  let hidden = sequence.map((token, t) => {
    const position = row('position_embeddings', t)
    return row('token_embeddings', token).map((value, i) => value + position[i])
  })
  for (let layer = 0; layer < tiny.layers; layer++) {
    const at = `layers.${layer}`
    const normed = hidden.map(x => norm(`${at}.ln_1`, x))
    const [queries, keys, values] = ['q', 'k', 'v'].map(part => normed.map(x => linear(`${at}.attn.${part}`, x)))
    hidden = normed.map((x, t) => {
      const context = Array.from({ length: width }, (_, channel) => {
        const from = Math.floor(channel / size) * size
        const score = (s: number) =>
          Array.from({ length: size }, (_, i) => queries[t][from + i] * keys[s][from + i]).reduce((a, b) => a + b)
        const odds = keys.slice(0, t + 1).map((_, s) => Math.exp(score(s) / Math.sqrt(size)))
        const total = odds.reduce((a, b) => a + b)
        return odds.reduce((sum, odd, s) => sum + (odd / total) * values[s][channel], 0)
      })
      const attended = linear(`${at}.attn.out`, context).map((value, i) => value + x[i])
      const up = linear(`${at}.mlp.up`, norm(`${at}.ln_2`, attended)).map(u => u * normalBelow(u))
      return linear(`${at}.mlp.down`, up).map((value, i) => value + attended[i])
    })
  }
  return linear('head', norm('ln_f', hidden.at(-1)!))
}

/** Φ(x) by Simpson's rule over the normal density. */
function normalBelow(x: number): number {
  const steps = 2000
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI)
  let area = 0
  for (let i = 0; i <= steps; i++) area += (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2) * density((x * i) / steps)
  return 0.5 + (area * x) / steps / 3
}
