import { expect, it } from 'vitest'
import type { Executor } from '../../../engine/executors/executor.ts'
import { openExecutor } from '../../../engine/executors/probe.ts'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import type { TrainerOptions } from '../../../engine/training/options.ts'
import { openTrainer } from '../../../engine/training/trainer.ts'
import { skipWithout } from '../executors/compiler.ts'
import { tinyOptions, tokensFrom } from '../tiny-decoder.ts'

const batches = Array.from({ length: 8 }, (_, index) => ({
  inputs: tokensFrom(index, 16),
  targets: tokensFrom(index + 50, 16),
}))

async function losses(executor: Executor, change: Partial<TrainerOptions>): Promise<number[]> {
  await using trainer = await openTrainer(executor, tinyOptions(change))
  const found: number[] = []
  for (const batch of batches) found.push((await trainer.train(batch)).loss)
  // A look takes whole batches of one pass.
  const { batch } = tinyOptions(change)
  const looked = batches.slice(0, 2).map(({ inputs, targets }) => {
    return { inputs: inputs.subarray(0, 8 * batch), targets: targets.subarray(0, 8 * batch) }
  })
  return [...found, await trainer.evaluate(looked)]
}

const EMA = { grokfast: { kind: 'EMA', alpha: 0.9, lambda: 1 } } as const
const MA = { grokfast: { kind: 'MA', window: 3, lambda: 1 } } as const

it.for<[string, number, string, Partial<TrainerOptions>]>([
  ['native', 1, 'with GrokFast-EMA', EMA],
  ['native', 2, 'with GrokFast-EMA', EMA],
  ['native', 2, 'with GrokFast-MA', MA],
  ['native', 1, 'plain', {}],
  ['native', 2, 'accumulated', { batch: 1, accumulation: 2, clip: 0.5 }],
  ['onnx', 1, 'with GrokFast-EMA', EMA],
  ['onnx', 2, 'with GrokFast-EMA', EMA],
  ['tfjs-wasm', 1, 'with GrokFast-EMA', EMA],
])(
  '%s with %i threads, %s, has the losses of the reference executor over a training',
  { timeout: 180_000 },
  async (given, context) => {
    const [name, threads, , change] = given
    skipWithout(name, context)
    const expected = await losses(referenceExecutor(), change)
    const actual = await losses(await openExecutor(name, { threads }), change)
    for (const [step, loss] of actual.entries())
      expect(Math.abs(loss - expected[step]), `step ${step}`).toBeLessThan(1e-4)
  },
)
