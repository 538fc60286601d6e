import { describe, expect, it } from 'vitest'
import type { Executor } from '../../../engine/executors/executor.ts'
import { openExecutor } from '../../../engine/executors/probe.ts'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { trainingBatches } from '../../../engine/training/batches.ts'
import { curriculumOf, sizeAt } from '../../../engine/training/curriculum.ts'
import type { TrainerOptions } from '../../../engine/training/options.ts'
import { openTrainer, type Trainer } from '../../../engine/training/trainer.ts'
import { skipWithout } from '../executors/compiler.ts'
import { tinyOptions, tokensFrom } from '../tiny-decoder.ts'

/** Sequences of 2 and then of 4 tokens before those of 8; every step has 16 tokens. */
const curriculum = [
  { context: 2, until: 3 },
  { context: 4, until: 5 },
]
const tokens = tokensFrom(1, 500)

/** Losses of so many steps, on windows that the sampler draws as long as each step wants them. */
async function losses(trainer: Trainer, options: TrainerOptions, steps: number, sampler = samplerOf(options)) {
  const found: number[] = []
  for (let count = 0; count < steps; count++) {
    found.push((await trainer.train(sampler.next(sizeOf(options, trainer.step + 1)))).loss)
  }
  return found
}

const samplerOf = (options: TrainerOptions) => trainingBatches(tokens, sizeOf(options, 1), { seed: 5 })

const sizeOf = (options: TrainerOptions, step: number) => {
  const { batch, context } = sizeAt(options, step)
  return { batch: batch * options.accumulation, context }
}

describe('a curriculum', () => {
  it('keeps the tokens of a step while its sequences grow', () => {
    const sizes = [1, 3, 4, 5, 6, 99].map(step => sizeAt({ batch: 2, context: 8, curriculum }, step))
    expect(sizes.map(({ batch, context }) => [batch, context])).toEqual([
      [8, 2],
      [8, 2],
      [4, 4],
      [4, 4],
      [2, 8],
      [2, 8],
    ])
  })

  it('takes the shares of the steps in order', () => {
    const phases = [
      { context: 512, share: 0.45 },
      { context: 4096, share: 0.55 },
    ]
    expect(curriculumOf(phases, 1000)).toEqual([
      { context: 512, until: 450 },
      { context: 4096, until: 1000 },
    ])
    expect(() => curriculumOf(phases.slice(1), 1000)).toThrow('add up to 0.55')
  })

  it.for<[string, string, Partial<TrainerOptions>]>([
    ['native', 'in whole batches', {}],
    ['native', 'in accumulated parts', { accumulation: 2 }],
    ['onnx', 'in whole batches', {}],
    ['onnx', 'in accumulated parts', { accumulation: 2 }],
    ['tfjs-wasm', 'with GrokFast-MA', { grokfast: { kind: 'MA', window: 3, lambda: 2 } }],
  ])(
    'on %s, %s, goes on bit for bit in the middle of a phase and at its end',
    { timeout: 180_000 },
    async ([name, _, change], context) => {
      skipWithout(name, context)
      const executor = await openExecutor(name)
      const options = tinyOptions({ ...change, curriculum })
      await using straight = await openTrainer(executor, options)
      const expected = await losses(straight, options, 7)

      for (const stop of [3, 4]) {
        const sampler = samplerOf(options)
        await using before = await openTrainer(executor, options)
        const first = await losses(before, options, stop, sampler)
        await using after = await openTrainer(executor, options, before.state())
        const restored = trainingBatches(tokens, sizeOf(options, 1), { state: sampler.state() })
        expect([...first, ...(await losses(after, options, 7 - stop, restored))]).toEqual(expected)
        expect(after.state()).toEqual(straight.state())
      }
    },
  )

  it.for(['native', 'onnx'])(
    'computes on %s what the reference executor computes, in every phase',
    async (name, context) => {
      skipWithout(name, context)
      const options = tinyOptions({ curriculum })
      const run = async (executor: Executor) => {
        await using trainer = await openTrainer(executor, options)
        return losses(trainer, options, 7)
      }
      const [found, expected] = [await run(await openExecutor(name)), await run(referenceExecutor())]
      for (const [step, loss] of found.entries()) expect(Math.abs(loss - expected[step])).toBeLessThan(1e-4)
    },
  )

  it('wants at each step the sequences of its phase', async () => {
    const options = tinyOptions({ curriculum })
    await using trainer = await openTrainer(await openExecutor('onnx'), options)
    await expect(losses(trainer, { ...options, curriculum: [] }, 1)).resolves.toHaveLength(1)
    const long = { inputs: tokens.slice(0, 20), targets: tokens.slice(0, 20) }
    await expect(trainer.train(long)).rejects.toThrow('20 inputs and 20 targets, not 8 × 2')
  })

  it.each([
    [[{ context: 16, until: 3 }], 'context 16: it must be a whole number from 1 to the longest, 8'],
    [[{ context: 3, until: 3 }], 'the 2 × 8 tokens of a step are no whole number of such sequences'],
    [[...curriculum, { context: 8, until: 5 }], 'context 8 up to step 5: that is no step behind 5'],
  ])('is refused with %j', async (wrong, message) => {
    await expect(openTrainer(referenceExecutor(), tinyOptions({ curriculum: wrong }))).rejects.toThrow(message)
  })
})
