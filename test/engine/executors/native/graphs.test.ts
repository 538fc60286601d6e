import { beforeEach, describe, expect, it } from 'vitest'
import type { Executor } from '../../../../engine/executors/executor.ts'
import { nativeExecutor } from '../../../../engine/executors/native/native.ts'
import { referenceExecutor } from '../../../../engine/executors/reference.ts'
import { constant, type Graph, graph, input, type Node } from '../../../../engine/graph/graph.ts'
import {
  add,
  addAt,
  concat,
  exp,
  gather,
  logSumExp,
  matmul,
  max,
  multiply,
  negate,
  pad,
  reshape,
  scatterAdd,
  slice,
  softmax,
  sum,
  takeAt,
  transpose,
} from '../../../../engine/graph/operations.ts'
import { sizeOf } from '../../../../engine/graph/shapes.ts'
import { seeded } from '../../graph/cases.ts'
import { skipWithout } from '../compiler.ts'

const x = input('x', [3, 4, 5])
const wide = input('wide', [3, 6])
const long = input('long', [3, 3 * 2 ** 13])
const wider = input('wider', [2, 40_000])
const [a, b] = [input('a', [4, 6]), input('b', [6, 5])]
const [row, column] = [input('a row', [1, 6]), input('a column', [6, 1])]
const product = matmul(a, b)
const grown = exp(x)
const scalar = input('scalar', [])

/** Graphs by what their values go through; each is a program of its own, since its outputs decide where they stand. */
const cases: Record<string, Record<string, Node>> = {
  'a concat that nobody else reads': { y: concat([negate(wide), exp(wide)], 1) },
  'a concat of a part that is also an output': { y: concat([grown, negate(x)], 1), part: grown },
  'a concat of a part that others read': { y: concat([grown, negate(x)], 2), read: sum(grown, [0]) },
  'a concat of the same part twice': { y: concat([grown, grown, x], 0) },
  'a concat in a concat, read by others': (() => {
    const inner = concat([negate(wide), wide], 0)
    return { y: concat([inner, exp(inner)], 1), inner }
  })(),
  'a concat of sights of other values': { y: concat([transpose(a), slice(transpose(a), [0, 1], [6, 3])], 1) },
  'a node under two names': { one: grown, two: grown, both: add(grown, grown) },
  'inputs and constants': { x, again: x, one: constant(Float32Array.of(1, 2), [2]) },
  'a sight of an input': {
    turned: transpose(x, [2, 0, 1]),
    part: slice(x, [1, 0, 2], [2, 4, 5]),
    flat: reshape(x, [60]),
  },
  'a transposed value': { turned: transpose(grown, [2, 1, 0]), plain: negate(grown) },
  'a transposed product': { turned: transpose(product), plain: product },
  'a reshaped transposed value': {
    split: reshape(transpose(grown, [1, 0, 2]), [4, 15]),
    read: negate(reshape(transpose(exp(negate(x)), [2, 1, 0]), [10, 6])),
  },
  'sums over every choice of axes': Object.fromEntries(
    [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]].flatMap(axes => [
      [`sum ${axes}`, sum(grown, axes)],
      [`kept ${axes}`, sum(grown, axes, true)],
      [`max ${axes}`, max(x, axes)],
    ]),
  ),
  // Squares, so that what is rounded stays small beside the sum.
  'sums of many numbers': {
    rows: sum(multiply(long, long), [1]),
    columns: sum(long, [0]),
    all: sum(multiply(long, long)),
    largest: max(long),
  },
  'softmax over one column, one row and one number': {
    column: softmax(column),
    row: softmax(row),
    number: softmax(input('a number', [1])),
    total: logSumExp(column),
  },
  'softmax over 40,000 columns': { y: softmax(wider), total: logSumExp(wider) },
  'a scalar': { y: exp(multiply(scalar, scalar)), sum: sum(scalar), negated: negate(scalar) },
  'numbers beside rows of them': { y: multiply(x, add(sum(x, [2], true), scalar)), total: sum(multiply(x, scalar)) },
  'padding on every side': { y: pad(grown, [1, 0, 2], [0, 3, 1]) },
  'products by one row and one column': {
    row: matmul(row, b),
    column: matmul(a, column),
    number: matmul(row, column),
    outer: matmul(column, row),
  },
}

const numbers = (length: number, seed: number) => {
  const random = seeded(seed)
  return Float32Array.from({ length }, () => 2 * random() - 1)
}

const feedsOf = ({ inputs }: Graph, executor: Executor) =>
  Object.fromEntries(
    Object.entries(inputs).map(
      ([name, { shape }]) => [name, executor.value(numbers(sizeOf(shape), 3), shape)] as const,
    ),
  )

async function evaluate(executor: Executor, built: Graph) {
  await using program = await executor.compile(built)
  const found = await program.run(feedsOf(built, executor))
  return Object.fromEntries(
    Object.entries(found).map(([name, { shape, data }]) => [name, { shape: [...shape], data: [...data()] }]),
  )
}

describe('a native program', () => {
  beforeEach(context => skipWithout('native', context))
  const reference = referenceExecutor()

  it.each(Object.entries(cases))('computes %s as the reference does', async (_, outputs) => {
    const built = graph(outputs)
    const wanted = await evaluate(reference, built)
    const [found, shared] = [
      await evaluate(await nativeExecutor({ threads: 1 }), built),
      await evaluate(await nativeExecutor({ threads: 2 }), built),
    ]
    expect(shared).toEqual(found)
    expect(Object.keys(found)).toEqual(Object.keys(wanted))
    for (const [name, { shape, data }] of Object.entries(wanted)) {
      expect(found[name]!.shape).toEqual(shape)
      expect(found[name]!.data).toHaveLength(data.length)
      const worst = Math.max(...data.map((value, i) => Math.abs(found[name]!.data[i]! - value) / (1 + Math.abs(value))))
      expect(worst, name).toBeLessThan(1e-5)
    }
  })

  it('refuses an index that there is no element for, naming the input', async () => {
    const executor = await nativeExecutor()
    const table = input('table', [4, 3])
    const [rows, places, columns, added] = ['rows', 'places', 'columns', 'added'].map(name => input(name, [4], 'int32'))
    await using program = await executor.compile(
      graph({
        a: gather(table, reshape(rows!, [2, 2])),
        b: scatterAdd(places!, table, 5),
        c: takeAt(table, columns!),
        d: addAt(table, added!, sum(table, [1])),
      }),
    )
    const run = (change: Record<string, number>) => {
      const indices = { rows: 3, places: 4, columns: 2, added: 2, ...change }
      const fed = Object.entries(indices).map(([name, index]) => [
        name,
        executor.value(Int32Array.of(0, 1, index, 0), [4]),
      ])
      return program.run({ ...Object.fromEntries(fed), table: executor.value(numbers(12, 1), [4, 3]) })
    }
    await expect(run({})).resolves.toBeDefined()
    for (const [name, wrong, largest] of [
      ['rows', 4, 3],
      ['rows', -1, 3],
      ['places', 5, 4],
      ['columns', 3, 2],
      ['added', 3, 2],
    ] as const)
      await expect(run({ [name]: wrong })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: `The input "${name}" holds the index ${wrong}; it must be from 0 to ${largest}.`,
      })
  })
})

describe('a native program of sums', () => {
  beforeEach(context => skipWithout('native', context))
  const reference = referenceExecutor()
  const [parts, rows] = [6, 2]
  const weights = input('weights', [3, 4])
  const inputs = input('inputs', [rows, 3])
  const tokens = input('tokens', [rows], 'int32')
  const hidden = matmul(inputs, weights)
  const inner = multiply(hidden, hidden)
  const left = matmul(inputs, inner, { transposeA: true })
  const right = matmul(inputs, hidden, { transposeA: true })
  const table = scatterAdd(tokens, hidden, 5)
  const outputs = {
    loss: sum(inner),
    left,
    again: left,
    both: add(right, matmul(inputs, exp(hidden), { transposeA: true })),
    twice: add(right, right),
    table,
    joined: concat([table, scatterAdd(tokens, inner, 5)], 0),
    weights,
    turned: transpose(left),
    columns: sum(hidden, [0]),
    one: constant(1),
  }

  it.each([1, 2, 3])('on %i threads gives the sums of what every part gives', async threads => {
    const executor = await nativeExecutor({ threads })
    await using program = await executor.compileSum!(graph(outputs), { count: parts, inputs: ['inputs', 'tokens'] })
    const all = numbers(parts * rows * 3, 4)
    const indices = Int32Array.from({ length: parts * rows }, (_, i) => (i * i) % 5)
    const shared = { weights: executor.value(numbers(12, 5), [3, 4]) }
    const fed = {
      ...shared,
      inputs: executor.value(all, [parts * rows, 3]),
      tokens: executor.value(indices, [parts * rows]),
    }
    const [first, second] = [await program.run(fed), await program.run(fed)]

    const single = await reference.compile(graph(outputs))
    const wanted = new Map<string, number[]>()
    for (let part = 0; part < parts; part++) {
      const share = {
        weights: reference.value(numbers(12, 5), [3, 4]),
        inputs: reference.value(all.slice(part * rows * 3, (part + 1) * rows * 3), [rows, 3]),
        tokens: reference.value(indices.slice(part * rows, (part + 1) * rows), [rows]),
      }
      for (const [name, value] of Object.entries(await single.run(share)))
        wanted.set(
          name,
          [...value.data()].map((number, i) => number + (wanted.get(name)?.[i] ?? 0)),
        )
    }
    for (const [name, sums] of wanted) {
      expect(first[name]!.shape, name).toEqual(outputs[name as keyof typeof outputs].shape)
      expect([...second[name]!.data()], name).toEqual([...first[name]!.data()])
      for (const [i, value] of sums.entries()) expect(first[name]!.data()[i], `${name} ${i}`).toBeCloseTo(value, 4)
    }
  })

  it('refuses a feed that is not as long as all parts, and an index in any of them', async () => {
    const executor = await nativeExecutor()
    await using program = await executor.compileSum!(graph({ table }), { count: 2, inputs: ['inputs', 'tokens'] })
    const fed = {
      weights: executor.value(numbers(12, 5), [3, 4]),
      inputs: executor.value(numbers(12, 4), [4, 3]),
      tokens: executor.value(Int32Array.of(0, 1, 2, 5), [4]),
    }
    await expect(program.run(fed)).rejects.toThrow('The input "tokens" holds the index 5')
    const short = executor.value(Int32Array.of(0, 1), [2])
    await expect(program.run({ ...fed, tokens: short })).rejects.toThrow('fed int32 of shape [2]')
  })
})
