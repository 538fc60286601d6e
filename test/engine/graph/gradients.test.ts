import { describe, expect, it } from 'vitest'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { gradients } from '../../../engine/graph/gradients.ts'
import { constant, graph, input, type Node } from '../../../engine/graph/graph.ts'
import { add, multiply, sum, tanh } from '../../../engine/graph/operations.ts'
import { sizeOf } from '../../../engine/graph/shapes.ts'
import { type Case, compositions, drawCase, primitives, seeded } from './cases.ts'

const reference = referenceExecutor()
const DRAWS = 12

type Exact = Record<string, Float64Array>

/** Runs on float64 data, giving each output as float64. */
async function runExact(outputs: Record<string, Node>, data: Exact): Promise<Exact> {
  const built = graph(outputs)
  await using program = await reference.compile(built)
  const values = Object.entries(built.inputs).map(([name, { shape, type }]) => {
    const exact = type === 'int32' ? Int32Array.from(data[name]) : data[name]
    return [name, reference.value(exact, shape)] as const
  })
  const found = await program.run(Object.fromEntries(values))
  return Object.fromEntries(Object.entries(found).map(([name, { exact }]) => [name, exact]))
}

/** Compares the gradients of Σ weights · output, weights random, to central differences of the same sum. */
async function expectTrueGradients({ output, inputs, feeds }: Case, seed: number) {
  const random = seeded(seed + 1000)
  const weights = Float32Array.from({ length: sizeOf(output.shape) }, () => random() * 2 - 1)
  const loss = sum(multiply(output, constant(weights, output.shape)))
  const data = Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, Float64Array.from(values)]))
  const lossAt = async (name: string, index: number, value: number) =>
    (await runExact({ loss }, { ...data, [name]: data[name].with(index, value) })).loss[0]

  const step = 1e-5
  for (const x of inputs) {
    if (x.operation !== 'input' || x.type !== 'float32') continue
    const { name } = x.attributes
    const { gradient } = await runExact({ gradient: gradients(loss, [x])[0] }, data)
    const slopes = new Float64Array(gradient.length)
    for (const index of slopes.keys()) {
      const above = await lossAt(name, index, data[name][index] + step)
      const below = await lossAt(name, index, data[name][index] - step)
      slopes[index] = (above - below) / (2 * step)
    }
    for (const [index, slope] of slopes.entries())
      expect(Math.abs(gradient[index] - slope), `d${name}[${index}], draw ${seed}`).toBeLessThan(
        1e-6 * (1 + Math.abs(slope)),
      )
  }
}

describe('gradients agree with finite differences', () => {
  const differentiable = Object.entries(primitives).filter(([name]) => !['greater', 'equal', 'cast'].includes(name))
  it.each([...differentiable, ...Object.entries(compositions)])('of %s', async (_, build) => {
    for (let seed = 0; seed < DRAWS; seed++) await expectTrueGradients(drawCase(build, seed), seed)
  })
})

describe('gradients', () => {
  it('sum over the paths by which a node reaches the loss', async () => {
    const x = input('x', [])
    const loss = add(multiply(x, x), tanh(x))
    const { gradient } = await runExact({ gradient: gradients(loss, [x])[0] }, { x: Float64Array.of(0.7) })
    expect(gradient[0]).toBeCloseTo(1.4 + 1 - Math.tanh(0.7) ** 2, 12)
  })

  it('are graph nodes, and can be differentiated again', async () => {
    const x = input('x', [])
    const [first] = gradients(multiply(x, multiply(x, x)), [x])
    const [second] = gradients(first, [x])
    const found = await runExact({ second }, { x: Float64Array.of(1.5) })
    expect(found.second[0]).toBeCloseTo(9, 12)
  })

  it('are zeros for a parameter without a path to the loss', async () => {
    const [x, unused] = [input('x', [2]), input('unused', [2, 3])]
    const [gradient] = gradients(sum(x), [unused])
    expect(gradient.shape).toEqual([2, 3])
    expect((await runExact({ gradient }, {})).gradient).toEqual(new Float64Array(6))
  })

  it('refuse a loss that is no number, and name its shape', () => {
    const x = input('x', [2, 3])
    expect(() => gradients(x, [x])).toThrow('float32 of shape [2, 3]')
  })
})
