import { beforeEach, describe, expect, it } from 'vitest'
import type { Executor } from '../../../engine/executors/executor.ts'
import { nativeExecutor } from '../../../engine/executors/native/native.ts'
import { onnxExecutor } from '../../../engine/executors/onnx.ts'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { tfjsExecutor } from '../../../engine/executors/tfjs.ts'
import { graph } from '../../../engine/graph/graph.ts'
import { type Case, compositions, drawCase, primitives } from '../graph/cases.ts'
import { skipWithout } from './compiler.ts'

const DRAWS = 16

/** All cases in one graph: to make a program takes longer than to run it. */
async function evaluate(executor: Executor, cases: readonly Case[]) {
  await using program = await executor.compile(
    graph(Object.fromEntries(cases.map(({ output }, draw) => [`draw ${draw}`, output]))),
  )
  const fed = cases.flatMap(({ inputs, feeds }) =>
    inputs.map(node => {
      const { name } = node.attributes as { name: string }
      return [name, executor.value(feeds[name], node.shape)] as const
    }),
  )
  const found = await program.run(Object.fromEntries(fed))
  return cases.map((_, draw) => {
    const { shape, type, data } = found[`draw ${draw}`]
    return { shape: [...shape], type, data: Array.from(data()) }
  })
}

const executors: readonly (readonly [string, string, () => Promise<Executor>])[] = [
  ['native', 'on one thread', () => nativeExecutor({ threads: 1 })],
  ['native', 'on two threads', () => nativeExecutor({ threads: 2 })],
  ['onnx', 'on one thread', () => onnxExecutor({ threads: 1 })],
  ['onnx', 'on two threads', () => onnxExecutor({ threads: 2 })],
  ['tfjs', 'on wasm', () => tfjsExecutor()],
]

describe.each(executors)('%s %s agrees with the reference', (name, _, open) => {
  const reference = referenceExecutor()
  beforeEach(context => skipWithout(name, context))

  it.each(Object.entries({ ...primitives, ...compositions }))('on %s', async (_, build) => {
    const cases = Array.from({ length: DRAWS }, (_, seed) => drawCase(build, seed, `draw ${seed} `))
    const wanted = await evaluate(reference, cases)
    const found = await evaluate(await open(), cases)
    for (const [draw, { shape, type, data }] of wanted.entries()) {
      expect(found[draw].shape).toEqual(shape)
      expect(found[draw].type).toBe(type)
      for (const [i, value] of data.entries())
        expect(Math.abs(found[draw].data[i] - value), `element ${i} of draw ${draw}`).toBeLessThan(
          2e-6 * (1 + Math.abs(value)),
        )
    }
  })
})
