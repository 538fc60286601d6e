import { beforeEach, describe, expect, it } from 'vitest'
import { type CognateRequest, startCognate } from '../../../../subgraphs/training/cognate/service.ts'
import { type StepRequest, startStep } from '../../../../subgraphs/training/cognate/step.ts'
import { createDataset, registerBuiltIn } from '../../../../subgraphs/training/datasets/service.ts'
import type { CognateConfig } from '../../../../subgraphs/training/recipes/config.ts'
import { identityOf, trainingInMemory } from '../memory.ts'

const identity = identityOf()
let memory: ReturnType<typeof trainingInMemory>
beforeEach(async () => {
  memory = trainingInMemory()
  await registerBuiltIn(memory.parts, 'moby-dick', () => 'Call me Ishmael. '.repeat(10_000))
})
const begin = (request: Partial<CognateRequest> = {}) =>
  startCognate(memory.parts, identity, { settings: {}, ...request })

describe('startCognate', () => {
  it('queues a job with every default filled in, and says so', async () => {
    const job = await begin({ preset: 'MICRO', seed: 7 })
    expect(job).toMatchObject({
      status: 'QUEUED',
      preset: 'MICRO',
      modelName: 'cognate-micro',
      seed: 7,
      totalSteps: 2000,
    })
    expect(job.config).toMatchObject({ batch: 8, context: 256, learningRate: 2e-3, grokfast: null, gradientClip: 1 })
    expect(memory.events).toMatchObject([{ topic: 'job.queued', data: { jobId: job.id, totalSteps: 2000, seed: 7 } }])
  })

  it('takes sizes, from which others follow', async () => {
    const job = await begin({ settings: { sizes: { width: 96, heads: 3, vocabulary: 512 }, context: 64 } })
    expect(job.preset).toBeNull()
    expect((job.config as CognateConfig).model).toMatchObject({
      vocabularySize: 512,
      width: 96,
      heads: 3,
      keyValueHeads: 3,
      feedForward: 256,
      contextLength: 64,
    })
  })

  it('fills in the defaults of the filter that is chosen', async () => {
    const { config } = await begin({ settings: { grokfast: { kind: 'MA', window: 10 } } })
    expect(config).toMatchObject({ grokfast: { kind: 'MA', window: 10, lambda: 5 } })
  })

  it('takes a schedule of the filter, and a curriculum whose shares become steps', async () => {
    const { config } = await begin({
      settings: {
        grokfast: { kind: 'EMA', start: 500, warmup: 20 },
        steps: 100,
        curriculum: [
          { context: 32, share: 0.45 },
          { context: 128, share: 0.55 },
        ],
      },
    })
    expect(config).toMatchObject({
      grokfast: { kind: 'EMA', start: 500, warmUp: 20 },
      curriculum: [
        { context: 32, until: 45 },
        { context: 128, until: 100 },
      ],
    })
  })

  it.each<[string, Partial<CognateRequest>, string, string]>([
    [
      'a curriculum of two thirds',
      { settings: { curriculum: [{ context: 32, share: 0.66 }] } },
      'INVALID_INPUT',
      '0.66',
    ],
    [
      'sequences beyond the context',
      { settings: { curriculum: [{ context: 256, share: 1 }] } },
      'INVALID_INPUT',
      '256',
    ],
    ['sequences that fill no step', { settings: { curriculum: [{ context: 100, share: 1 }] } }, 'INVALID_INPUT', '100'],
    ['a model name with a space', { modelName: 'my model' }, 'INVALID_INPUT', 'my model'],
    ['a negative learning rate', { settings: { learningRate: -0.1 } }, 'INVALID_INPUT', '-0.1'],
    ['an executor that is none', { settings: { requirements: ['executor=abacus'] } }, 'INVALID_INPUT', 'abacus'],
    ['no patience at all', { settings: { earlyStopping: { patience: 0 } } }, 'INVALID_INPUT', 'patience is 0'],
    ['an empty budget', { settings: { budget: { seconds: 0 } } }, 'INVALID_INPUT', 'budget.seconds is 0'],
    ['a negative seed', { seed: -3 }, 'INVALID_INPUT', '-3'],
    ['no step', { settings: { steps: 0 } }, 'INVALID_INPUT', 'steps is 0'],
    ['a setting that is none', { settings: { stepz: 3 } }, 'INVALID_INPUT', 'stepz'],
    ['a setting of the wrong kind', { settings: { batch: 'many' } }, 'INVALID_INPUT', 'batch is "many"'],
    ['settings that are none', { settings: 'fast' }, 'INVALID_INPUT', 'fast'],
    ['heads that do not divide the width', { settings: { sizes: { width: 100, heads: 3 } } }, 'INVALID_INPUT', '100'],
    ['a warm-up longer than the training', { settings: { steps: 10, warmup: 11 } }, 'INVALID_INPUT', '11'],
    ['an alpha of one', { settings: { grokfast: { kind: 'EMA', alpha: 1 } } }, 'INVALID_INPUT', 'grokfast.alpha is 1'],
    ['more layers than anybody has', { settings: { sizes: { layers: 100_000 } } }, 'INVALID_INPUT', '100000'],
    ['a vocabulary without the bytes', { settings: { sizes: { vocabulary: 256 } } }, 'INVALID_INPUT', '256'],
    ['a dataset that is not there', { dataset: 'ds_missing' }, 'NOT_FOUND', 'ds_missing'],
    ['an empty text', { text: '' }, 'INVALID_INPUT', 'empty'],
    ['a text of one byte', { text: 'x' }, 'INVALID_INPUT', '1 byte '],
    ['a text and a dataset', { text: 'x', dataset: 'moby-dick' }, 'INVALID_INPUT', 'both'],
    ['an empty idempotency key', { idempotencyKey: '' }, 'INVALID_INPUT', '1 to 200'],
    ['a dataset of no possible name', { dataset: 'a\u0000b' }, 'NOT_FOUND', 'a'],
    ['another project', { project: 'other' }, 'FORBIDDEN', 'other'],
  ])('refuses %s, and nothing is left behind', async (_what, request, code, value) => {
    const failure = await begin(request).catch(error => error)
    expect(failure.code).toBe(code)
    expect(failure.message.toLowerCase()).toContain(value.toLowerCase())
    expect(memory.jobs).toEqual([])
    expect(memory.events).toEqual([])
    expect(memory.datasets).toHaveLength(1)
  })

  it('refuses what fits no machine, with the numbers', async () => {
    memory.state.memory = 1e9
    await expect(begin({ preset: 'COGNATE' })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: expect.stringMatching(/COGNATE with batch 4 needs about \d+\.\d GB .* 1\.0 GB/),
    })
    await expect(begin({ preset: 'NANO' })).resolves.toBeTruthy()
  })

  it('is one job for one idempotency key, and a conflict for another request', async () => {
    const first = await begin({ idempotencyKey: 'once', seed: 1 })
    expect((await begin({ idempotencyKey: 'once', seed: 1 })).id).toBe(first.id)
    expect(memory.events).toHaveLength(1)
    await expect(begin({ idempotencyKey: 'once', seed: 2 })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(first.id),
    })
  })

  it('leaves no text behind when its idempotency key stands for another one', async () => {
    const [text, other] = ['One text. '.repeat(4_000), 'Another text. '.repeat(4_000)]
    await begin({ text, idempotencyKey: 'texts' })
    const before = memory.datasets.length
    await expect(begin({ text: other, idempotencyKey: 'texts' })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(memory.datasets).toHaveLength(before)
  })

  it('stores a text that it brings along once', async () => {
    const text = 'A text of its own. '.repeat(2_000)
    const [one, two] = [await begin({ text }), await begin({ text })]
    expect(one.datasetId).toBe(two.datasetId)
    expect(memory.datasets.map(({ name }) => name)).toEqual(['moby-dick', expect.stringMatching(/^text-[0-9a-f]{12}$/)])
  })

  it('prefers the dataset of the project to none, by name or id', async () => {
    const mine = await createDataset(memory.parts, identity, { name: 'mine', text: 'My words. '.repeat(3_000) })
    expect((await begin({ dataset: 'mine' })).datasetId).toBe(mine.id)
    expect((await begin({ dataset: mine.id })).datasetFingerprint).toBe(mine.digest)
    await expect(
      startCognate(memory.parts, identityOf('other'), { dataset: mine.id, settings: {} }),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

describe('a step of a pipeline', () => {
  const request: StepRequest = {
    runId: 'run_1',
    stepName: 'cognate',
    phase: 'COGNATE',
    modelName: 'piped',
    dataset: null,
    preset: 'NANO',
    seed: 5,
    config: { steps: 12 },
    principal: 'key_1',
  }

  it('becomes a job, one however often it is asked for', async () => {
    await startStep(memory.parts, 'default', request)
    await startStep(memory.parts, 'default', request)
    expect(memory.jobs).toMatchObject([
      { runId: 'run_1', stepName: 'cognate', modelName: 'piped', totalSteps: 12, seed: 5 },
    ])
    expect(memory.rejections).toEqual([])
  })

  it('is rejected with the reason when there can be no job', async () => {
    await startStep(memory.parts, 'default', { ...request, config: { learningRate: -1 } })
    await startStep(memory.parts, 'default', { ...request, phase: 'BITNET' })
    expect(memory.rejections).toMatchObject([
      { runId: 'run_1', stepName: 'cognate', error: { code: 'INVALID_INPUT', message: expect.stringContaining('-1') } },
      { error: { code: 'INVALID_INPUT', message: expect.stringMatching(/BITNET.*COGNATE/) } },
    ])
    expect(memory.jobs).toEqual([])
  })
})
