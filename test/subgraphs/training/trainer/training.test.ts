import { describe, expect, it } from 'vitest'
import { readHuggingFace } from '../../../../engine/formats/huggingface.ts'
import { unigramEntropy } from '../../../../engine/training/unigram.ts'
import { cognateConfig } from '../../../../subgraphs/training/recipes/config.ts'
import { prepareData } from '../../../../subgraphs/training/trainer/preparation.ts'
import type { FromTrainer, Order } from '../../../../subgraphs/training/trainer/protocol.ts'
import { runTraining } from '../../../../subgraphs/training/trainer/training.ts'
import { trainingInMemory } from '../memory.ts'
import { scratchCache, tokenParts } from '../token-cache.ts'

const text = Array.from({ length: 800 }, (_, index) => `Line ${index} of a text that repeats itself.\n`).join('')
const config = cognateConfig(
  'NANO',
  {
    sizes: { vocabulary: 300, width: 32, layers: 1, heads: 1, feedForward: 32 },
    context: 16,
    batch: 2,
    steps: 24,
    validationEvery: 8,
    checkpointEvery: 5,
  },
  7,
)

const cache = scratchCache()

async function prepared(content: string) {
  const { blobs } = trainingInMemory().parts
  const { digest } = await blobs.put(Buffer.from(content))
  return (await prepareData(tokenParts(blobs, cache), digest, config))!
}

async function training() {
  const { blobs } = trainingInMemory().parts
  const { digest } = await blobs.put(Buffer.from(text))
  const run = async (change: Partial<Order> = {}, stopAfter = Number.POSITIVE_INFINITY) => {
    const messages: FromTrainer[] = []
    let step = 0
    const order: Order = {
      kind: 'start',
      jobId: 'job_1',
      phase: 'COGNATE',
      config,
      dataset: digest,
      executor: 'onnx',
      threads: 1,
      checkpoints: [],
      recorded: {},
      blobs: { folder: '' },
      tokens: cache,
      ...change,
    }
    await runTraining(order, {
      blobs,
      store: bytes => blobs.put(bytes),
      send: message => messages.push(message),
      shouldStop: () => step >= stopAfter,
      breathe: async () => {
        step += 1
      },
    })
    const points = messages.flatMap(message => (message.kind === 'points' ? message.points : []))
    const curve = (name: string) => points.filter(p => p.name === name).map(p => [p.step, p.value])
    const checkpoints = messages.filter(message => message.kind === 'checkpoint')
    return { messages, curve, checkpoints, last: messages.at(-1)! }
  }
  return { blobs, run }
}

describe('runTraining', () => {
  it('ends with files that can be read back and the metrics of the end', async () => {
    const { blobs, run } = await training()
    const { last, curve, checkpoints } = await run()
    if (last.kind !== 'completed') throw new Error(`ended with ${last.kind}`)
    const files = await Promise.all(last.files.map(async ({ path, digest }) => [path, await blobs.bytes(digest)]))
    const model = readHuggingFace(Object.fromEntries(files))
    expect(model.config).toEqual(config.model)

    expect(curve('loss')).toHaveLength(24)
    expect(curve('validation_loss').map(([step]) => step)).toEqual([8, 16, 24])
    expect(checkpoints.map(({ step }) => step)).toEqual([5, 10, 15, 20])
    const { validation } = await prepared(text)
    const entropy = unigramEntropy(validation.map(({ targets }) => targets))
    expect(curve('validation_unigram_entropy')).toEqual([[0, entropy]])
    expect(last.metrics).toEqual([
      { name: 'loss', value: curve('loss').at(-1)![1] },
      { name: 'validation_loss', value: curve('validation_loss').at(-1)![1] },
      { name: 'validation_unigram_entropy', value: entropy },
    ])
  })

  it('says that it diverged, also when only the last step made it so', async () => {
    const { run } = await training()
    const wild = cognateConfig(
      'NANO',
      {
        sizes: { vocabulary: 300, width: 32, layers: 1, heads: 1 },
        context: 16,
        batch: 2,
        steps: 1,
        weightDecay: 1e308,
      },
      7,
    )
    await expect(run({ config: wild })).rejects.toMatchObject({ code: 'DIVERGED' })
  })

  it('stops with a checkpoint of that very step, from which it goes on bit for bit', async () => {
    const { run } = await training()
    const whole = await run()
    const first = await run({}, 7)
    expect(first.last).toEqual({ kind: 'stopped', step: 7 })
    const [newest] = first.checkpoints.slice(-1)
    expect(newest!.step).toBe(7)

    const second = await run({ checkpoints: [newest!], recorded: { loss: 7 } })
    expect([...first.curve('loss'), ...second.curve('loss')]).toEqual(whole.curve('loss'))
    expect(second.curve('validation_loss')).toEqual(whole.curve('validation_loss'))
    expect(second.last).toMatchObject({ files: (whole.last as { files: unknown }).files })
  })

  it('goes through a curriculum, tells the context of each step, and goes on in the middle of it bit for bit', async () => {
    const { run } = await training()
    const phases = [
      { context: 4, share: 0.5 },
      { context: 8, share: 0.25 },
      { context: 16, share: 0.25 },
    ]
    const sizes = { vocabulary: 300, width: 32, layers: 1, heads: 1, feedForward: 32 }
    const growing = cognateConfig('NANO', { sizes, context: 16, batch: 2, steps: 12, curriculum: phases }, 7)
    const whole = await run({ config: growing })
    expect(whole.curve('context').map(([, context]) => context)).toEqual([4, 4, 4, 4, 4, 4, 8, 8, 8, 16, 16, 16])

    const first = await run({ config: growing }, 7)
    const second = await run({ config: growing, checkpoints: first.checkpoints.slice(-1), recorded: { loss: 7 } })
    expect([...first.curve('loss'), ...second.curve('loss')]).toEqual(whole.curve('loss'))
    expect(second.last).toMatchObject({ files: (whole.last as { files: unknown }).files })
  })

  it('goes back to the checkpoint before one that is gone, and says so', async () => {
    const { run } = await training()
    const first = await run({}, 12)
    const [, , newest] = first.checkpoints
    const lost = { step: 12, digest: `sha256:${'0'.repeat(64)}` }
    const second = await run({ checkpoints: [lost, newest!] })
    expect(second.messages[0]).toMatchObject({ kind: 'warning', message: expect.stringContaining('step 12') })
    expect(second.curve('loss')[0]![0]).toBe(newest!.step + 1)
  })
})

describe('an end before the last step', () => {
  /** At this rate the validation loss falls for some looks and then rises. */
  const rules = {
    sizes: { vocabulary: 300, width: 32, layers: 1, heads: 1, feedForward: 32 },
    context: 16,
    batch: 2,
    steps: 400,
    learningRate: 0.05,
    warmup: 0,
    validationEvery: 4,
    checkpointEvery: 10,
    earlyStopping: { patience: 3, minDelta: 0.02 },
  }
  it('comes by early stopping, and the best weights become the model; also when it was interrupted', async () => {
    const { run } = await training()
    const early = cognateConfig('NANO', rules, 7)
    const whole = await run({ config: early })
    if (whole.last.kind !== 'completed') throw new Error(`ended with ${whole.last.kind}`)
    expect(whole.last.stopReason).toBe('EARLY_STOPPING')
    expect(whole.last.step).toBeLessThan(400)

    // The same training, ended by a budget at the step of the best look: its last weights are the best of the other.
    const looks = whole.curve('validation_loss').slice(0, -1)
    const [bestStep] = looks.reduce((best, look) => (look[1]! < best[1]! - 0.02 ? look : best))
    expect(bestStep).toBeLessThan(whole.last.step)
    const budget = { tokens: bestStep! * 2 * 16 }
    const best = await run({ config: cognateConfig('NANO', { ...rules, weights: 'LAST', budget }, 7) })
    expect(best.last).toMatchObject({ step: bestStep, stopReason: 'TOKEN_BUDGET' })
    const weightsOf = ({ last }: typeof whole) =>
      last.kind === 'completed' && last.files.find(({ path }) => path === 'model.safetensors')!.digest
    expect(weightsOf(whole)).toBe(weightsOf(best))

    // Interrupted after the best look, so that best weights and count must come from the checkpoint.
    const first = await run({ config: early }, whole.last.step - 3)
    expect(first.last.kind).toBe('stopped')
    const [saved] = first.checkpoints.slice(-1)
    const second = await run({ config: early, checkpoints: [saved!], recorded: { loss: saved!.step } })
    expect(second.last).toMatchObject({ step: whole.last.step, stopReason: 'EARLY_STOPPING', files: whole.last.files })
  })

  it('comes by a budget of tokens', async () => {
    const { run } = await training()
    const { last, curve } = await run({ config: { ...config, budget: { seconds: null, tokens: 10 * 32 + 31 } } })
    expect(last).toMatchObject({ kind: 'completed', step: 10, stopReason: 'TOKEN_BUDGET' })
    expect(curve('loss')).toHaveLength(10)
  })

  it('comes by a loss that has left what was usual', async () => {
    const { run } = await training()
    const wild = { ...rules, learningRate: 30, gradientClip: 1e9, divergence: { patience: 4 } }
    await expect(run({ config: cognateConfig('NANO', wild, 7) })).rejects.toMatchObject({
      code: 'DIVERGED',
      message: expect.stringMatching(/^(after )?step \d+ has (loss|the validation loss) /),
    })
  })

  it('may be a pause that it was told beforehand, from which it goes on as if there had been none', async () => {
    const { run } = await training()
    const whole = await run()
    const first = await run({ pauseAt: 11 })
    expect(first.last).toMatchObject({ kind: 'paused', step: 11, validationLoss: expect.any(Number) })
    const [saved] = first.checkpoints.slice(-1)
    expect(saved).toMatchObject({ step: 11, validationLoss: (first.last as { validationLoss: number }).validationLoss })
    const second = await run({ checkpoints: [saved!], recorded: { loss: 11 }, pauseAt: null })
    expect([...first.curve('loss'), ...second.curve('loss')]).toEqual(whole.curve('loss'))
    expect(second.last).toMatchObject({ files: (whole.last as { files: unknown }).files })
  })
})

describe('prepareData', () => {
  it('keeps the end of the text for validation, unseen by the tokenizer', async () => {
    const { training: tokens, validation, tokenizer } = await prepared(text)
    const seen = tokenizer.decode(tokens.subarray(0, tokens.length))
    expect(text.startsWith(seen)).toBe(true)
    expect(tokenizer.decode(validation[0]!.inputs.subarray(0, 16))).toBe(
      text.slice(seen.length).slice(0, tokenizer.decode(validation[0]!.inputs.subarray(0, 16)).length),
    )
  })

  it('refuses a text of too few tokens', async () => {
    await expect(prepared('a'.repeat(4_000))).rejects.toThrow(/needs at least/)
  })
})
