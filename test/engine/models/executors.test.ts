import { expect, it } from 'vitest'
import type { Executor } from '../../../engine/executors/executor.ts'
import { openExecutor } from '../../../engine/executors/probe.ts'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { openTrainer } from '../../../engine/training/trainer.ts'
import { tinyOptions, tokensFrom } from '../tiny-decoder.ts'

const batches = Array.from({ length: 8 }, (_, index) => ({
  inputs: tokensFrom(index, 16),
  targets: tokensFrom(index + 50, 16),
}))

async function losses(executor: Executor): Promise<number[]> {
  await using trainer = await openTrainer(executor, tinyOptions({ grokfast: { kind: 'EMA', alpha: 0.9, lambda: 1 } }))
  const found: number[] = []
  for (const batch of batches) found.push((await trainer.train(batch)).loss)
  return [...found, await trainer.evaluate(batches.slice(0, 2))]
}

it.each([
  ['onnx', 1],
  ['onnx', 2],
  ['tfjs-wasm', 1],
])('%s with %i threads has the losses of the reference executor over a training', async (name, threads) => {
  const expected = await losses(referenceExecutor())
  const actual = await losses(await openExecutor(name, { threads }))
  for (const [step, loss] of actual.entries())
    expect(Math.abs(loss - expected[step]), `step ${step}`).toBeLessThan(1e-4)
})
