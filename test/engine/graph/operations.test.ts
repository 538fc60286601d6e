import { describe, expect, it } from 'vitest'
import { constant, graph, input } from '../../../engine/graph/graph.ts'
import * as ops from '../../../engine/graph/operations.ts'

const x = (...shape: number[]) => input('x', shape)
const ints = (...shape: number[]) => input('i', shape, 'int32')

describe('an operation that cannot be names the shapes', () => {
  it.each([
    ['add', () => ops.add(x(2, 3), x(2, 4)), '[2, 3] and [2, 4] do not broadcast'],
    ['add of types', () => ops.add(x(2), ints(2)), 'float32 of shape [2] does not go with int32'],
    ['divide', () => ops.divide(ints(2), ints(2)), 'divide takes float32; it was given int32 of shape [2]'],
    ['exp', () => ops.exp(ints(2)), 'exp takes float32'],
    ['softmax', () => ops.softmax(x()), 'at least one axis'],
    ['logSumExp', () => ops.logSumExp(x()), 'at least one axis'],
    ['swiglu', () => ops.swiglu(x(2, 3), x(3)), 'swiglu takes two of one shape; it was given [2, 3] and [3]'],
    ['reciprocalRms', () => ops.reciprocalRms(x()), 'at least one axis'],
    ['rmsNorm', () => ops.rmsNorm(x(2, 3), x(2)), 'a weight of shape [2] does not fit [2, 3]'],
    ['matmul', () => ops.matmul(x(2, 3), x(2, 3)), '[2, 3] and [2, 3] differ (3 and 2)'],
    [
      'matmul transposed',
      () => ops.matmul(x(2, 3), x(2, 4), { transposeB: true }),
      '[2, 3] and [2, 4]ᵀ differ (3 and 4)',
    ],
    ['matmul of a vector', () => ops.matmul(x(3), x(3, 2)), 'at least two axes'],
    ['matmul of batches', () => ops.matmul(x(2, 3, 3), x(4, 3, 3)), '[2] and [4] do not broadcast'],
    ['transpose', () => ops.transpose(x(2, 3), [0, 0]), '[0, 0] is no permutation of the axes of [2, 3]'],
    ['reshape', () => ops.reshape(x(2, 3), [4, -1]), '[2, 3] does not have as many elements as [4, -1]'],
    ['broadcastTo', () => ops.broadcastTo(x(2, 3), [3]), '[2, 3] does not broadcast to [3]'],
    ['sum', () => ops.sum(x(2, 3), [2]), 'the axes [2] do not fit the shape [2, 3]'],
    ['sum twice', () => ops.sum(x(2, 3), [1, -1]), 'the axes [1, -1] do not fit'],
    ['gather', () => ops.gather(x(2, 3), x(2)), 'int32 indices; they are float32 of shape [2]'],
    ['gather of three axes', () => ops.gather(x(2, 3, 4), ints(2)), 'two axes; it was given [2, 3, 4]'],
    [
      'scatterAdd',
      () => ops.scatterAdd(ints(3), x(2, 4), 5),
      'updates of shape [2, 4] do not fit indices of shape [3]',
    ],
    ['takeAt', () => ops.takeAt(x(2, 3), ints(3)), '[2, 3] and indices of shape [3]'],
    ['addAt', () => ops.addAt(x(2, 3), ints(2), x(3)), '[3] values do not fit indices of shape [2]'],
    ['slice', () => ops.slice(x(2, 3), [0, 1], [2, 4]), '[0, 1] to [2, 4] does not lie within [2, 3]'],
    ['pad', () => ops.pad(x(2, 3), [1], [1]), '[1] and [1] do not fit the shape [2, 3]'],
    ['concat', () => ops.concat([x(2, 3), x(3, 3)], 1), '[3, 3] does not go with [2, 3] along axis 1'],
    ['where', () => ops.where(x(2), x(2), x(2)), 'int32 conditions; they are float32'],
    ['where of types', () => ops.where(ints(2), x(2), ints(2)), 'float32 of shape [2] does not go with int32'],
    ['input', () => x(2, 0), '"x" has shape [2, 0]'],
    ['constant', () => constant(Float32Array.of(1, 2), [3]), '2 values do not fill the shape [3]'],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message)
    expect(build).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

describe('a graph', () => {
  it('collects the inputs that its outputs reach', () => {
    const [a, b] = [input('a', [2]), input('b', [2])]
    input('c', [2])
    expect(Object.keys(graph({ y: ops.add(a, b) }).inputs).sort()).toEqual(['a', 'b'])
  })

  it('refuses one name for two inputs, or for an input and an output', () => {
    expect(() => graph({ y: ops.add(x(2), x(1)) })).toThrow('Two inputs are named "x", of shapes [2] and [1]')
    expect(() => graph({ x: ops.exp(x(2)) })).toThrow('names both an input and an output')
  })
})
