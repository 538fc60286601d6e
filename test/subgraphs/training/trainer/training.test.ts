import { describe, expect, it } from 'vitest'
import { readHuggingFace } from '../../../../engine/formats/huggingface.ts'
import { unigramEntropy } from '../../../../engine/training/unigram.ts'
import { cognateConfig } from '../../../../subgraphs/training/recipes/config.ts'
import { prepareData } from '../../../../subgraphs/training/trainer/preparation.ts'
import type { FromTrainer, Order } from '../../../../subgraphs/training/trainer/protocol.ts'
import { runTraining } from '../../../../subgraphs/training/trainer/training.ts'
import { trainingInMemory } from '../memory.ts'

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

async function training() {
  const { blobs } = trainingInMemory().parts
  const { digest } = await blobs.put(Buffer.from(text))
  const run = async (change: Partial<Order> = {}, stopAfter = Number.POSITIVE_INFINITY) => {
    const messages: FromTrainer[] = []
    let step = 0
    const order: Order = {
      kind: 'start',
      jobId: 'job_1',
      config,
      dataset: digest,
      executor: 'onnx',
      threads: 1,
      checkpoints: [],
      recorded: {},
      blobs: '',
      ...change,
    }
    await runTraining(order, {
      blobs,
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
    const { validation } = prepareData(text, config)
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

describe('prepareData', () => {
  it('keeps the end of the text for validation, unseen by the tokenizer', () => {
    const { training: tokens, validation, tokenizer } = prepareData(text, config)
    const seen = tokenizer.decode(tokens)
    expect(text.startsWith(seen)).toBe(true)
    expect(tokenizer.decode(validation[0]!.inputs.subarray(0, 16))).toBe(
      text.slice(seen.length).slice(0, tokenizer.decode(validation[0]!.inputs.subarray(0, 16)).length),
    )
  })

  it('refuses a text of too few tokens', () => {
    expect(() => prepareData('a'.repeat(4_000), config)).toThrow(/needs at least/)
  })
})
