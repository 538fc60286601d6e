import { describe, expect, it } from 'vitest'
import type { Executor } from '../../../../engine/executors/executor.ts'
import { nativeExecutor } from '../../../../engine/executors/native/native.ts'
import { referenceExecutor } from '../../../../engine/executors/reference.ts'
import { constant, type Graph, graph, input, type Node } from '../../../../engine/graph/graph.ts'
import {
  add,
  addAt,
  cast,
  concat,
  divide,
  exp,
  gather,
  matmul,
  max,
  multiply,
  reshape,
  scatterAdd,
  sigmoid,
  slice,
  subtract,
  sum,
  takeAt,
  transpose,
  where,
} from '../../../../engine/graph/operations.ts'
import { sizeOf } from '../../../../engine/graph/shapes.ts'
import { noCompiler } from '../compiler.ts'

const reference = referenceExecutor()

/** Any numbers that are not alike; of indices, up to 2. */
function dataFor({ shape, type }: Node) {
  const numbers = Array.from({ length: sizeOf(shape) }, (_, i) => (i * 7) % 11)
  return type === 'int32' ? Int32Array.from(numbers, x => x % 3) : Float32Array.from(numbers, x => x / 4 - 1)
}

const feedsOf = ({ inputs }: Graph, executor: Executor) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, node]) => [name, executor.value(dataFor(node), node.shape)] as const),
  )

const x = input('x', [3, 4, 5])
const square = input('square', [4, 4])
const table = input('table', [3, 4])
const column = input('column', [4, 1])
const indices = input('indices', [2, 3], 'int32')
const rows = input('rows', [4], 'int32')
const total = sum(x, [2])

const cases: Record<string, Node> = {
  'adds a value to its transpose, both made of what is read': add(exp(square), transpose(exp(square))),
  'takes elements of what is as cheap to compute again': takeAt(multiply(square, constant(2)), rows),
  'repeats what was added at an index': add(
    square,
    addAt(column, multiply(rows, constant(Int32Array.of(0), [])), sum(square, [1])),
  ),
  'repeats numbers over rows, and these over elements': multiply(
    x,
    sigmoid(add(sum(x, [2], true), sum(x, [1, 2], true))),
  ),
  'gathers by transposed indices': gather(table, transpose(indices)),
  'gathers into a place between other rows': concat([gather(table, indices), input('between', [2, 1, 4])], 1),
  'scatters parts of rows': scatterAdd(
    slice(indices, [0, 1], [2, 3]),
    slice(reshape(x, [2, 3, 10]), [0, 1, 2], [2, 3, 9]),
    4,
  ),
  'writes products as columns of a longer array': concat(
    [reshape(matmul(square, square), [4, 4, 1]), reshape(square, [4, 4, 1])],
    2,
  ),
  'writes numbers of rows into parts of a longer array': concat(
    [exp(reshape(total, [2, 6])), reshape(total, [2, 6])],
    1,
  ),
  'keeps whole numbers from one pass to the next': (() => {
    const large = add(cast(x, 'int32'), constant(Int32Array.of(2 ** 24 + 1), []))
    const excess = subtract(x, max(x, [-1], true))
    return where(large, where(subtract(large, constant(Int32Array.of(2 ** 24), [])), excess, x), x)
  })(),
  'tells apart the two zeros': divide(constant(1), multiply(x, constant(-0))),
}

describe.skipIf(noCompiler)('a native program', async () => {
  it.each(Object.entries(cases))('%s', async (_, y) => {
    const built = graph({ y })
    const [want, got] = await Promise.all(
      [reference, await nativeExecutor()].map(async executor => {
        await using program = await executor.compile(built)
        return (await program.run(feedsOf(built, executor))).y!.data()
      }),
    )
    expect(got).toHaveLength(want!.length)
    got!.forEach((number, i) => void expect(number).toBeCloseTo(want![i]!, 4))
  })

  it('adds the only row to a sum once, however many threads could share its columns', async () => {
    const executor = await nativeExecutor({ threads: 2 })
    const taken = graph({ y: takeAt(input('wide', [1, 2 ** 14]), input('row', [1], 'int32')) })
    await using program = await executor.compileSum!(taken, { count: 1, inputs: ['wide', 'row'] })
    const wide = executor.value(new Float32Array(2 ** 14).fill(3), [1, 2 ** 14])
    const { y } = await program.run({ wide, row: executor.value(Int32Array.of(5), [1]) })
    expect([...y!.data()]).toEqual([3])
  })

  it('keeps no more long rows at once than a thread has room for', async () => {
    const executor = await nativeExecutor({ threads: 2 })
    const long = input('long', [8, 2 ** 15])
    const totals = Array.from({ length: 40 }, (_, i) => {
      const powers = exp(multiply(long, constant(i + 1)))
      return sum(multiply(divide(powers, sum(powers, [1], true)), long), [1])
    })
    await using program = await executor.compile(graph({ y: concat(totals, 0) }))
    const { y } = await program.run({ long: executor.value(new Float32Array(8 * 2 ** 15).fill(0.5), [8, 2 ** 15]) })
    for (const mean of y!.data()) expect(mean).toBeCloseTo(0.5, 3)
  })

  it('sums what it gathers for each part', async () => {
    const executor = await nativeExecutor()
    const gathered = graph({ y: gather(input('table', [2, 1]), input('rows', [2], 'int32')) })
    await using program = await executor.compileSum!(gathered, { count: 3, inputs: ['rows'] })
    const table = executor.value(Float32Array.of(1, 10), [2, 1])
    const { y } = await program.run({ table, rows: executor.value(Int32Array.of(0, 1, 0, 1, 1, 1), [6]) })
    expect([...y!.data()]).toEqual([12, 30])
  })

  it('refuses to sum whole numbers over parts', async () => {
    const executor = await nativeExecutor()
    const parts = { count: 2, inputs: ['indices'] }
    await expect(executor.compileSum!(graph({ most: indices }), parts)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'The output "most" is int32; sums over parts are float32.',
    })
  })
})
