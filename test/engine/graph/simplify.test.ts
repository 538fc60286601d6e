import { describe, expect, it } from 'vitest'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { scale } from '../../../engine/graph/composed.ts'
import { gradients } from '../../../engine/graph/gradients.ts'
import { constant, type Graph, graph, input, type Node, topologicalOrder } from '../../../engine/graph/graph.ts'
import {
  add,
  addAt,
  broadcastTo,
  exp,
  logSumExp,
  matmul,
  multiply,
  negate,
  pad,
  reshape,
  subtract,
  sum,
  takeAt,
  transpose,
} from '../../../engine/graph/operations.ts'
import { simplify } from '../../../engine/graph/simplify.ts'
import { type Case, compositions, drawCase, primitives } from './cases.ts'

const reference = referenceExecutor()

async function run(built: Graph, feeds: Case['feeds']) {
  await using program = await reference.compile(built)
  const values = Object.entries(built.inputs).map(([name, { shape }]) => [name, reference.value(feeds[name], shape)])
  return program.run(Object.fromEntries(values))
}

/** The operations that a simplified expression still has, inputs and constants aside. */
function operationsOf(...outputs: readonly Node[]): string[] {
  const simple = simplify(graph(Object.fromEntries(outputs.map((node, i) => [`out${i}`, node]))))
  const order = topologicalOrder(Object.values(simple.outputs))
  return order.map(({ operation }) => operation).filter(name => name !== 'input' && name !== 'constant')
}

describe('simplify keeps the values', () => {
  it.each(Object.entries({ ...primitives, ...compositions }))('of %s and its gradients', async (_, build) => {
    for (let seed = 0; seed < 8; seed++) {
      const { output, inputs, feeds } = drawCase(build, seed)
      const floats = inputs.filter(({ type }) => type === 'float32')
      const slopes = output.type === 'float32' ? gradients(sum(multiply(output, output)), floats) : []
      const built = graph({ output, ...Object.fromEntries(slopes.map((slope, i) => [`d${i}`, slope])) })
      const [plain, simple] = [await run(built, feeds), await run(simplify(built), feeds)]
      for (const [name, { exact, shape }] of Object.entries(plain)) {
        expect(simple[name].shape).toEqual(shape)
        for (const [i, value] of exact.entries()) expect(simple[name].exact[i]).toBeCloseTo(value, 6)
      }
    }
  })
})

describe('simplify', () => {
  const [x, y] = [input('x', [2, 3]), input('y', [2, 3])]

  it('computes equal expressions once', () => {
    expect(operationsOf(exp(add(x, y)), multiply(exp(add(x, y)), x))).toEqual(['add', 'exp', 'multiply'])
  })

  it('keeps constants of equal size apart unless they are the same array', () => {
    const [one, two] = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)]
    expect(operationsOf(add(x, constant(one)), add(x, constant(two)))).toHaveLength(2)
    expect(operationsOf(add(x, constant(one)), add(x, constant(one)))).toHaveLength(1)
  })

  it('drops what adds 0 or multiplies by 1', () => {
    expect(operationsOf(add(multiply(x, constant(1)), broadcastTo(constant(0), [2, 3])))).toEqual([])
  })

  it('turns adding a negation into subtracting', () => {
    expect(operationsOf(add(negate(x), y))).toEqual(['subtract'])
    expect(operationsOf(subtract(x, negate(y)))).toEqual(['add'])
  })

  it('gathers constant factors, and takes them out of sums', () => {
    expect(operationsOf(scale(scale(x, 2), 3))).toEqual(['multiply'])
    expect(operationsOf(sum(scale(x, 2)))).toEqual(['sum', 'multiply'])
  })

  it('lets an elementwise operation repeat its input itself', () => {
    expect(operationsOf(multiply(broadcastTo(input('row', [3]), [2, 3]), x))).toEqual(['multiply'])
    const column = broadcastTo(input('column', [2, 1]), [2, 3])
    expect(operationsOf(multiply(column, broadcastTo(input('row', [3]), [2, 3])))).toEqual(['multiply'])
    expect(operationsOf(multiply(column, column))).toContain('broadcastTo')
  })

  it('reads transposed factors in the product', () => {
    expect(operationsOf(matmul(transpose(x), transpose(transpose(y))))).toEqual(['matmul'])
    const batched = transpose(input('batched', [3, 4, 5]), [1, 0, 2])
    expect(operationsOf(matmul(x, batched))).toEqual(['transpose', 'matmul'])
  })

  it('joins reshapes and transposes, and drops idle ones', () => {
    expect(operationsOf(reshape(reshape(x, [6]), [3, 2]))).toEqual(['reshape'])
    expect(operationsOf(reshape(reshape(x, [6]), [2, 3]))).toEqual([])
    expect(operationsOf(transpose(transpose(x)))).toEqual([])
  })

  it('puts parts side by side where it would add them within zeros', () => {
    const [left, middle] = [pad(x, [1, 0], [1, 4]), pad(y, [1, 3], [1, 1])]
    expect(operationsOf(add(left, middle))).toEqual(['concat', 'pad'])
    expect(operationsOf(add(pad(x, [0, 0], [0, 3]), pad(y, [0, 3], [0, 0])))).toEqual(['concat'])
    expect(operationsOf(add(left, pad(y, [1, 4], [1, 0])))).toEqual(['pad', 'pad', 'add'])
    expect(operationsOf(add(left, pad(y, [0, 3], [2, 1])))).toEqual(['pad', 'pad', 'add'])
  })

  it('adds the gradient of a picked logit into that of the others', () => {
    const targets = input('targets', [2], 'int32')
    const loss = sum(subtract(reshape(logSumExp(x), [2]), takeAt(x, targets)))
    expect(operationsOf(...gradients(loss, [x]))).toEqual(['softmax', 'broadcastTo', 'addAt'])
    expect(operationsOf(add(addAt(x, targets, reshape(sum(y, [1]), [2])), y))).toEqual(['sum', 'addAt', 'add'])
    const column = addAt(broadcastTo(constant(0), [2, 1]), targets, input('picked', [2]))
    expect(operationsOf(add(x, column))).toEqual(['broadcastTo', 'addAt', 'add'])
  })
})
