import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as tf from '@tensorflow/tfjs-core'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Executor, Value } from '../../../engine/executors/executor.ts'
import { nativeExecutor } from '../../../engine/executors/native/native.ts'
import { onnxExecutor } from '../../../engine/executors/onnx.ts'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { tfjsExecutor } from '../../../engine/executors/tfjs.ts'
import { constant, graph, input } from '../../../engine/graph/graph.ts'
import { add, exp, gather, greater, matmul, multiply, scatterAdd, sum } from '../../../engine/graph/operations.ts'
import { noCompiler, skipWithout } from './compiler.ts'
import { trainPerceptron } from './perceptron.ts'

const executors: Record<string, () => Promise<Executor>> = {
  native: () => nativeExecutor(),
  reference: async () => referenceExecutor(),
  onnx: () => onnxExecutor(),
  tfjs: () => tfjsExecutor(),
}

const dataOf = (values: Record<string, Value>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [...value.data()]]))

describe.each(Object.entries(executors))('the %s executor', async (name, open) => {
  let executor: Executor

  beforeEach(async context => {
    skipWithout(name, context)
    executor = await open()
  })

  it('takes what a run gave as the feed of the next', async () => {
    await using program = await executor.compile(graph({ next: multiply(input('x', [2]), constant(3)) }))
    let x = executor.value(Float32Array.of(1, -2), [2])
    for (let run = 0; run < 4; run++) x = (await program.run({ x })).next
    expect([...x.data()]).toEqual([81, -162])
  })

  it('lets go of what it was fed', async () => {
    await using program = await executor.compile(graph({ next: multiply(input('x', [2]), constant(3)) }))
    const run = async (x: Value) => (await program.run({ x })).next
    const start = executor.value(Float32Array.of(1, -2), [2])
    const second = new WeakRef(await run(start))
    const last = await run(await run(second.deref()!))
    setFlagsFromString('--expose-gc')
    await setImmediate()
    runInNewContext('gc')()
    expect(second.deref()).toBeUndefined()
    expect([...last.data()]).toEqual([27, -54])
  })

  it('takes what another executor gave', async () => {
    const other = await (name === 'onnx' ? executors.tfjs() : executors.onnx())
    await using program = await executor.compile(graph({ y: add(input('x', [2]), constant(1)) }))
    const { y } = await program.run({ x: other.value(Float32Array.of(1, 2), [2]) })
    expect([...y.data()]).toEqual([2, 3])
  })

  it('gives the same bits when it runs twice', async () => {
    expect(await trainPerceptron(executor, 20)).toEqual(await trainPerceptron(executor, 20))
  })

  it('gives an output under each of its names, be it an input, a constant, a comparison or shared', async () => {
    const [x, one] = [input('x', [2]), constant(1)]
    const grown = exp(x)
    await using program = await executor.compile(
      graph({ a: grown, b: grown, same: x, one, isLarge: greater(x, one), total: sum(x) }),
    )
    const found = await program.run({ x: executor.value(Float32Array.of(0, 2), [2]) })
    expect(found.a.data()).toEqual(found.b.data())
    expect(dataOf({ same: found.same, one: found.one, isLarge: found.isLarge, total: found.total })).toEqual({
      same: [0, 2],
      one: [1],
      isLarge: [0, 1],
      total: [2],
    })
  })

  it('takes the feed of an input that simplifying made needless', async () => {
    const unused = multiply(input('unused', []), constant(1))
    await using program = await executor.compile(graph({ y: add(input('x', []), constant(0)), z: unused }))
    const feeds = { x: executor.value(Float32Array.of(5), []), unused: executor.value(Float32Array.of(6), []) }
    expect(dataOf(await program.run(feeds))).toEqual({ y: [5], z: [6] })
  })

  it('leaves a value as it was for as long as it is not disposed', async () => {
    await using program = await executor.compile(graph({ next: add(input('x', [2]), constant(1)) }))
    const first = (await program.run({ x: executor.value(Float32Array.of(1, 2), [2]) })).next
    const second = (await program.run({ x: first })).next
    expect([[...first.data()], [...second.data()]]).toEqual([
      [2, 3],
      [3, 4],
    ])
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    // What a value gave back is given to one, and not to two.
    const [third, fourth] = [(await program.run({ x: second })).next, (await program.run({ x: second })).next]
    expect([[...second.data()], [...third.data()]]).toEqual([
      [3, 4],
      [4, 5],
    ])
    third[Symbol.dispose]()
    const { next } = await program.run({ x: fourth })
    expect([[...fourth.data()], [...next.data()]]).toEqual([
      [4, 5],
      [5, 6],
    ])
  })

  it('refuses feeds that are missing, unknown or of another shape, and names them', async () => {
    await using program = await executor.compile(graph({ y: exp(input('x', [2])) }))
    const pair = executor.value(Float32Array.of(1, 2), [2])
    await expect(program.run({})).rejects.toThrow('"x" of shape [2] was not fed')
    await expect(program.run({ x: executor.value(Float32Array.of(1), [1]) })).rejects.toThrow(
      'fed float32 of shape [1]',
    )
    await expect(program.run({ x: executor.value(Int32Array.of(1, 2), [2]) })).rejects.toThrow('fed int32 of shape [2]')
    await expect(program.run({ x: pair, z: pair })).rejects.toThrow('no input "z"')
    expect(() => executor.value(Float32Array.of(1, 2, 3), [2])).toThrow('3 values do not fill the shape [2]')
  })
})

describe('the tfjs executor', () => {
  it('leaves no tensor behind after its values and program are disposed', async () => {
    const executor = await tfjsExecutor()
    const before = tf.memory().numTensors
    const table = constant(Float32Array.from({ length: 6 }, Math.sqrt), [3, 2])
    const indices = input('indices', [4], 'int32')
    const rows = gather(table, indices)
    const outputs = { rows, square: matmul(rows, rows, { transposeB: true }), back: scatterAdd(indices, rows, 3) }
    const program = await executor.compile(graph(outputs))
    const fed = executor.value(Int32Array.of(0, 2, 2, 1), [4])
    const afterCompile = tf.memory().numTensors
    for (let run = 0; run < 3; run++) {
      const found = await program.run({ indices: fed })
      expect(tf.memory().numTensors).toBe(afterCompile + Object.keys(outputs).length)
      for (const value of Object.values(found)) value[Symbol.dispose]()
    }
    const foreign = referenceExecutor().value(Int32Array.of(0, 1, 2, 0), [4])
    for (const value of Object.values(await program.run({ indices: foreign }))) value[Symbol.dispose]()
    fed[Symbol.dispose]()
    await program[Symbol.asyncDispose]()
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('the onnx executor', () => {
  it('loses no update where many meet in one row, on any number of threads', async () => {
    const [updates, width] = [4096, 64]
    const indices = constant(Int32Array.from({ length: updates }, (_, i) => i % 3))
    const ones = input('ones', [updates, width])
    for (const threads of [1, 2]) {
      const executor = await onnxExecutor({ threads })
      await using program = await executor.compile(graph({ sums: sum(scatterAdd(indices, ones, 3)) }))
      const fed = { ones: executor.value(new Float32Array(updates * width).fill(1), [updates, width]) }
      for (let run = 0; run < 20; run++) expect((await program.run(fed)).sums.data()[0]).toBe(updates * width)
    }
  })
})

describe('fifty steps of gradient descent in the graph', () => {
  it('have the same losses on every executor', async () => {
    const reference = await trainPerceptron(await executors.reference(), 50)
    expect(reference.at(-1)).toBeLessThan(reference[0] / 3)
    for (const open of [...(noCompiler ? [] : [executors.native]), executors.onnx, executors.tfjs]) {
      const losses = await trainPerceptron(await open(), 50)
      for (const [step, loss] of losses.entries()) expect(Math.abs(loss - reference[step])).toBeLessThan(1e-4)
    }
  })

  it.for([
    ['native', nativeExecutor],
    ['onnx', onnxExecutor],
  ] as const)('have the same bits on one thread and on two of %s', async ([name, open], context) => {
    skipWithout(name, context)
    const one = await trainPerceptron(await open({ threads: 1 }), 20)
    expect(await trainPerceptron(await open({ threads: 2 }), 20)).toEqual(one)
  })
})
