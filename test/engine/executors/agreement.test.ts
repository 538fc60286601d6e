import { describe, expect, it } from 'vitest'
import type { Executor } from '../../../engine/executors/executor.ts'
import { onnxExecutor } from '../../../engine/executors/onnx.ts'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { tfjsExecutor } from '../../../engine/executors/tfjs.ts'
import { graph } from '../../../engine/graph/graph.ts'
import { type Case, compositions, drawCase, primitives } from '../graph/cases.ts'

const DRAWS = 16

async function evaluate(executor: Executor, { output, inputs, feeds }: Case) {
  await using program = await executor.compile(graph({ output }))
  const fed = inputs.map(node => {
    const { name } = node.attributes as { name: string }
    return [name, executor.value(feeds[name], node.shape)] as const
  })
  const found = await program.run(Object.fromEntries(fed))
  const { shape, type } = found.output
  return { shape: [...shape], type, data: Array.from(found.output.data()) }
}

const open: Record<string, () => Promise<Executor>> = {
  'onnx on one thread': () => onnxExecutor({ threads: 1 }),
  'onnx on two threads': () => onnxExecutor({ threads: 2 }),
  'tfjs on wasm': () => tfjsExecutor(),
}

describe.each(Object.entries(open))('%s agrees with the reference', async (_, start) => {
  const executor = await start()
  const reference = referenceExecutor()

  it.each(Object.entries({ ...primitives, ...compositions }))('on %s', async (_, build) => {
    for (let seed = 0; seed < DRAWS; seed++) {
      const drawn = drawCase(build, seed)
      const wanted = await evaluate(reference, drawn)
      const found = await evaluate(executor, drawn)
      expect(found.shape).toEqual(wanted.shape)
      expect(found.type).toBe(wanted.type)
      for (const [i, value] of wanted.data.entries())
        expect(Math.abs(found.data[i] - value), `element ${i} of draw ${seed}`).toBeLessThan(
          2e-6 * (1 + Math.abs(value)),
        )
    }
  })
})
