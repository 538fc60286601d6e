import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import type { Executor } from '../../../engine/executors/executor.ts'
import { onnxExecutor } from '../../../engine/executors/onnx.ts'
import { openExecutor } from '../../../engine/executors/probe.ts'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import type { Batch } from '../../../engine/training/batches.ts'
import type { GrokFast, TrainerOptions } from '../../../engine/training/options.ts'
import { openTrainer, type Trainer } from '../../../engine/training/trainer.ts'
import type { TrainerState } from '../../../engine/training/training-state.ts'
import { skipWithout } from '../executors/compiler.ts'
import { tinyConfig, tinyOptions, tokensFrom } from '../tiny-decoder.ts'

const EMA: GrokFast = { kind: 'EMA', alpha: 0.9, lambda: 2 }
const MA = { kind: 'MA', window: 4, lambda: 2 } as const

/** The batch of a step, always the same one for the same step. */
function batchOf(step: number, sequences = 2): Batch {
  return { inputs: tokensFrom(2 * step, sequences * 8), targets: tokensFrom(2 * step + 1, sequences * 8) }
}

async function trainSteps(trainer: Trainer, steps: number, sequences = 2): Promise<number[]> {
  const losses: number[] = []
  for (let count = 0; count < steps; count++) losses.push((await trainer.train(batchOf(trainer.step, sequences))).loss)
  return losses
}

async function losses(executor: Executor, options: TrainerOptions, steps: number): Promise<number[]> {
  await using trainer = await openTrainer(executor, options)
  return await trainSteps(trainer, steps)
}

/** As it comes back from a file: other memory, the same bits. */
function copied({ step, arrays }: TrainerState): TrainerState {
  return { step, arrays: Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, data.slice()])) }
}

describe('a training', () => {
  it.for([
    ['native', 1],
    ['native', 2],
    ['onnx', 1],
    ['onnx', 2],
    ['tfjs-wasm', 1],
  ] as const)('on %s with %i threads repeats its losses bit for bit from the same seed', async (given, context) => {
    const [name, threads] = given
    skipWithout(name, context)
    const executor = await openExecutor(name, { threads })
    const first = await losses(executor, tinyOptions(), 6)
    expect(await losses(executor, tinyOptions(), 6)).toEqual(first)
    expect(await losses(executor, tinyOptions({ seed: 4 }), 6)).not.toEqual(first)
  })

  it.for<[string, string, Partial<TrainerOptions>]>([
    ['native', 'plain', {}],
    ['native', 'with GrokFast-EMA', { grokfast: EMA }],
    ['native', 'with GrokFast-MA', { grokfast: MA }],
    ['native', 'accumulated', { accumulation: 2, batch: 1 }],
    ['onnx', 'plain', {}],
    ['onnx', 'with GrokFast-EMA', { grokfast: EMA }],
    ['onnx', 'with GrokFast-MA', { grokfast: MA }],
    ['tfjs-wasm', 'with GrokFast-MA', { grokfast: MA }],
    ['onnx', 'accumulated', { accumulation: 2, batch: 1 }],
  ])('on %s, %s, goes on bit for bit from a saved state', { timeout: 180_000 }, async ([name, _, change], context) => {
    skipWithout(name, context)
    const executor = await openExecutor(name)
    const options = tinyOptions(change)
    await using straight = await openTrainer(executor, options)
    const expected = await trainSteps(straight, 10)

    await using before = await openTrainer(executor, options)
    const first = await trainSteps(before, 5)
    await using after = await openTrainer(executor, options, copied(before.state()))
    expect(after.step).toBe(5)
    expect([...first, ...(await trainSteps(after, 5))]).toEqual(expected)
    expect(after.state()).toEqual(straight.state())
  })

  it('on native has the same bits on one thread and on two', { timeout: 180_000 }, async context => {
    skipWithout('native', context)
    const [one, two] = await Promise.all([1, 2].map(threads => openExecutor('native', { threads })))
    // Of four parts, each thread takes two.
    const options = tinyOptions({ batch: 4, model: { ...tinyConfig, contextLength: 128 }, context: 128 })
    const batch = { inputs: tokensFrom(1, 4 * 128), targets: tokensFrom(2, 4 * 128) }
    await using first = await openTrainer(one, options)
    await using second = await openTrainer(two, options)
    for (let step = 0; step < 4; step++) expect(await second.train(batch)).toEqual(await first.train(batch))
    expect(second.state()).toEqual(first.state())
  })

  it.each<[string, GrokFast | undefined]>([
    ['no filter', undefined],
    ['GrokFast-MA', MA],
  ])('with %s takes the same steps in accumulated parts as in one batch', async (_, grokfast) => {
    // A limit below the gradients' norm, so that clipping before averaging would show.
    const options = tinyOptions({ clip: 0.5, ...(grokfast && { grokfast }) })
    await using whole = await openTrainer(referenceExecutor(), { ...options, batch: 4 })
    await using parts = await openTrainer(referenceExecutor(), { ...options, batch: 1, accumulation: 4 })
    for (let step = 0; step < 6; step++) {
      const [a, b] = [await whole.train(batchOf(step, 4)), await parts.train(batchOf(step, 4))]
      expect(b.loss).toBeCloseTo(a.loss, 6)
      expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 6)
    }
  })

  it('learns a repeating sequence by heart', async () => {
    const period = [3, 1, 4, 1, 5, 9, 2, 6]
    const sequence = Int32Array.from({ length: 17 }, (_, index) => period[index % 8])
    const inputs = sequence.slice(0, 16)
    const targets = sequence.slice(1)
    await using trainer = await openTrainer(
      await onnxExecutor(),
      tinyOptions({ schedule: { peak: 1e-2, floor: 1e-3, warmUp: 5, steps: 150 } }),
    )
    let loss = Number.POSITIVE_INFINITY
    for (let step = 0; step < 150; step++) loss = (await trainer.train({ inputs, targets })).loss
    // Sequences begin with 3 and 3, so even the first target is certain.
    expect(loss).toBeLessThan(0.02)
    expect(await trainer.evaluate([{ inputs, targets }])).toBeLessThan(0.02)
  })

  it('reports the schedule, the norm and the step', async () => {
    await using trainer = await openTrainer(await onnxExecutor(), tinyOptions())
    const first = await trainer.train(batchOf(0))
    expect(first).toMatchObject({ step: 1, learningRate: 5e-3 })
    // Untrained, every one of the 13 tokens is about equally likely.
    expect(first.loss).toBeCloseTo(Math.log(13), 1)
    expect(first.gradientNorm).toBeGreaterThan(0)
    expect((await trainer.train(batchOf(1))).step).toBe(2)
  })
})

describe('a trainer', () => {
  it('frees on the executor what a step replaces, and all of it at the end', async () => {
    const executor = await openExecutor('tfjs-wasm')
    const before = tf.memory().numTensors
    {
      await using trainer = await openTrainer(executor, tinyOptions({ grokfast: MA, accumulation: 2, batch: 1 }))
      // From here on the window drops as many gradients as it takes.
      await trainSteps(trainer, MA.window)
      await trainer.evaluate([batchOf(0, 1)])
      const full = tf.memory().numTensors
      await trainSteps(trainer, 3)
      await trainer.evaluate([batchOf(0, 1)])
      expect(tf.memory().numTensors).toBe(full)
    }
    expect(tf.memory().numTensors).toBe(before)
  })

  it('names the step that diverged, and keeps what it had before', async () => {
    await using trainer = await openTrainer(await onnxExecutor(), tinyOptions())
    await trainSteps(trainer, 2)
    const { step, arrays } = copied(trainer.state())
    arrays['model.norm.weight'].fill(Number.NaN)

    await using broken = await openTrainer(await onnxExecutor(), tinyOptions(), { step, arrays })
    await expect(broken.train(batchOf(2))).rejects.toMatchObject({
      code: 'DIVERGED',
      message: expect.stringContaining('step 3 has loss NaN'),
    })
    expect(broken.step).toBe(2)
    expect(broken.state()).toEqual({ step, arrays })
  })

  it('refuses a batch of another size', async () => {
    await using trainer = await openTrainer(await onnxExecutor(), tinyOptions())
    await expect(trainer.train(batchOf(0, 3))).rejects.toThrow('24 inputs and 24 targets, not 2 × 8')
    await using accumulating = await openTrainer(await onnxExecutor(), tinyOptions({ accumulation: 2 }))
    await expect(accumulating.train(batchOf(0, 2))).rejects.toThrow('16 inputs and 16 targets, not 4 × 8')
  })

  it('refuses a state of another model', async () => {
    await using trainer = await openTrainer(await onnxExecutor(), tinyOptions())
    const { arrays } = trainer.state()
    const open = (state: TrainerState, change: Partial<TrainerOptions> = {}) =>
      openTrainer(referenceExecutor(), tinyOptions(change), state)
    await expect(open({ step: 1, arrays: {} })).rejects.toThrow('model.embed_tokens.weight is missing, not 208')
    await expect(open({ step: 1, arrays }, { grokfast: EMA })).rejects.toThrow(
      'slow.model.embed_tokens.weight is missing',
    )
  })

  it.each<[Partial<TrainerOptions>, string]>([
    [{ batch: 0 }, 'batch is 0'],
    [{ context: 13 }, "context is 13, beyond the model's contextLength of 12"],
    [{ accumulation: 1.5 }, 'accumulation is 1.5'],
    [{ clip: -1 }, 'clip is -1'],
    [{ schedule: { peak: -1e-3, floor: 0, warmUp: 1, steps: 10 } }, 'the learning rate is -0.001'],
    [{ grokfast: { kind: 'EMA', alpha: 2, lambda: 2 } }, 'alpha is 2'],
  ])('refuses %o', async (change, message) => {
    await expect(openTrainer(referenceExecutor(), tinyOptions(change))).rejects.toThrow(message)
  })
})
