import { describe, expect, it } from 'vitest'
import { onnxExecutor } from '../../../engine/executors/onnx.ts'
import { findFusions } from '../../../engine/executors/onnx-fusions.ts'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { square } from '../../../engine/graph/composed.ts'
import { type Graph, graph, input, type Node, topologicalOrder } from '../../../engine/graph/graph.ts'
import { add, matmul, sum } from '../../../engine/graph/operations.ts'
import { sizeOf } from '../../../engine/graph/shapes.ts'
import { seeded } from '../graph/cases.ts'

const ROWS = 600

const fusionsOf = (...outputs: readonly Node[]) => findFusions(topologicalOrder(outputs), outputs)

async function expectAgreement(built: Graph) {
  const random = seeded(1)
  const drawn = Object.entries(built.inputs).map(([name, { shape }]) => {
    return { name, shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random() - 0.5) }
  })
  const [found, wanted] = await Promise.all(
    [await onnxExecutor(), referenceExecutor()].map(async executor => {
      await using program = await executor.compile(built)
      const feeds = drawn.map(({ name, shape, data }) => [name, executor.value(data, shape)] as const)
      return await program.run(Object.fromEntries(feeds))
    }),
  )
  for (const [name, value] of Object.entries(wanted!)) {
    expect(found![name]!.shape).toEqual(value.shape)
    for (const [i, number] of value.data().entries()) expect(found![name]!.data()[i]).toBeCloseTo(number, 4)
  }
}

describe('a model for ONNX Runtime', () => {
  const [narrow, wide] = [input('narrow', [ROWS, 3]), input('wide', [ROWS, 5])]
  const product = (a: Node, b: Node) => matmul(a, b, { transposeA: true })

  it('has what several tall products share transposed once', async () => {
    const shared = [product(narrow, wide), product(wide, narrow)]
    expect(fusionsOf(...shared).transposed.get(narrow)).toBe(2)
    await expectAgreement(graph({ first: shared[0]!, second: shared[1]! }))
  })

  it('leaves a tall product alone that shares nothing', async () => {
    const alone = product(input('other', [ROWS, 4]), wide)
    expect([...fusionsOf(alone, product(narrow, wide)).transposed.values()]).toEqual([1, 1])
    await expectAgreement(graph({ alone }))
  })

  it('sums squares in one operator, unless they are needed besides', async () => {
    const squared = square(wide)
    const built = { all: sum(squared), columns: sum(square(narrow), [0], true) }
    expect(fusionsOf(...Object.values(built)).squares.size).toBe(2)
    expect(fusionsOf(built.all, add(squared, wide)).squares.size).toBe(0)
    expect(fusionsOf(built.all, squared).squares.size).toBe(0)
    await expectAgreement(graph({ ...built, besides: add(squared, wide) }))
  })
})
