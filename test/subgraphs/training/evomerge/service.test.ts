import { beforeEach, describe, expect, it } from 'vitest'
import { initialParameters } from '../../../../engine/models/llama-parameters.ts'
import { END_OF_TEXT } from '../../../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../../../engine/tokenizing/training.ts'
import { startStep } from '../../../../subgraphs/training/cognate/step.ts'
import type { EvoMergeConfig } from '../../../../subgraphs/training/evomerge/config.ts'
import { type EvoMergeRequest, startEvoMerge } from '../../../../subgraphs/training/evomerge/service.ts'
import { identityOf } from '../memory.ts'
import { config, family } from './family.ts'

let home: Awaited<ReturnType<typeof family>>
beforeEach(async () => {
  home = await family()
  for (const [index, name] of ['a', 'b', 'base'].entries()) await home.register(name, initialParameters(config, index))
})
const begin = (request: Partial<EvoMergeRequest> = {}) =>
  startEvoMerge(home.parts, identityOf(), { parents: ['a/1', 'b@latest'], settings: {}, ...request })

describe('startEvoMerge', () => {
  it('queues a job that says which bytes it merges, and every default', async () => {
    const job = await begin({ settings: { methods: ['linear', 'karcher'], generations: 5 } })
    expect(job).toMatchObject({ phase: 'EVOMERGE', status: 'QUEUED', modelName: 'evomerge', seed: 42, preset: null })
    // karcher has nothing to search: one generation.
    expect(job.totalSteps).toBe(6)
    const settings = job.config as EvoMergeConfig
    expect(settings).toMatchObject({ groups: 2, sigma: 1 / 6, model: config, base: null, context: 16 })
    expect(settings.parents).toMatchObject([
      { id: 'mv_A', ref: 'a/1' },
      { id: 'mv_B', ref: 'b/1' },
    ])
    expect(home.events).toMatchObject([{ topic: 'job.queued', data: { phase: 'EVOMERGE', totalSteps: 6 } }])
  })

  it('takes the newest version that is not deleted as the latest', async () => {
    await home.register('b', initialParameters(config, 7), { id: 'mv_B2', number: 2 })
    await home.register('b', initialParameters(config, 8), { id: 'mv_B3', number: 3 })
    await home.parts.versions.setDeleted('mv_B3', true)
    expect(((await begin()).config as EvoMergeConfig).parents[1]!.ref).toBe('b/2')
  })

  it('takes the version that an alias names, and none where it names none', async () => {
    await home.register('b', initialParameters(config, 7), { id: 'mv_B2', number: 2 })
    await home.parts.versions.moveAlias('default', 'b', 'champion', 'mv_B')
    expect(((await begin({ parents: ['a/1', 'b@champion'] })).config as EvoMergeConfig).parents[1]!.ref).toBe('b/1')
    await home.parts.versions.moveAlias('default', 'b', 'champion', null)
    await expect(begin({ parents: ['a/1', 'b@champion'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('"b@champion"'),
    })
  })

  it('gives layers to search to a method that has nothing else, where size or latency count', async () => {
    const job = await begin({ settings: { methods: ['karcher'], generations: 5, objectives: ['LOSS', 'SIZE'] } })
    expect(job.totalSteps).toBe(5)
    const plain = await begin({ settings: { methods: ['karcher'], generations: 5 } })
    expect(plain.totalSteps).toBe(1)
    expect(job.memoryBytes).toBeGreaterThan(plain.memoryBytes)
  })

  it('answers the same job to the same idempotency key, and refuses another request with it', async () => {
    const job = await begin({ idempotencyKey: 'once' })
    expect((await begin({ idempotencyKey: 'once' })).id).toBe(job.id)
    await expect(begin({ idempotencyKey: 'once', seed: 1 })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('names every size in which a parent of another architecture differs', async () => {
    const wide = { ...config, feedForward: 32, layers: 1 }
    await home.register('wide', initialParameters(wide, 1), { config: wide })
    await expect(begin({ parents: ['a/1', 'wide/1'] })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(
        /a\/1 and wide\/1 are of different architectures \(layers 2 and 1, feedForward 24 and 32\)/,
      ),
    })
  })

  it('refuses parents of different tokenizers', async () => {
    const other = trainTokenizer('Etwas ganz anderes. '.repeat(40), {
      vocabularySize: 270,
      specialTokens: [END_OF_TEXT],
    })
    await home.register('foreign', initialParameters(config, 1), { tokenizer: other })
    await expect(begin({ parents: ['a/1', 'foreign/1'] })).rejects.toThrow(/tokenizers of a\/1 and foreign\/1 differ/)
  })

  it.each<[string, Partial<EvoMergeRequest>, string, RegExp]>([
    ['one parent', { parents: ['a/1'] }, 'INVALID_INPUT', /has 1 parent:/],
    ['the same parent twice', { parents: ['a/1', 'a@latest'] }, 'INVALID_INPUT', /a\/1 is given twice/],
    ['a version that is not there', { parents: ['a/1', 'a/9'] }, 'NOT_FOUND', /"a\/9"/],
    ['what names no version', { parents: ['a/1', 'b'] }, 'INVALID_INPUT', /"b" names no version/],
    ['an unknown method', { settings: { methods: ['soup'] } }, 'INVALID_INPUT', /no merge method "soup"/],
    ['task vectors without a base', { settings: { methods: ['ties'] } }, 'INVALID_INPUT', /name it as `base`/],
    [
      'a method for two with three',
      { parents: ['a/1', 'b/1', 'base/1'], settings: { methods: ['slerp'] } },
      'INVALID_INPUT',
      /exactly 2 models and was given 3 parents/,
    ],
    ['an executor that is none', { settings: { requirements: ['executor=abacus'] } }, 'INVALID_INPUT', /"abacus"/],
    ['stacking', { settings: { methods: ['passthrough'] } }, 'INVALID_INPUT', /nothing to search/],
    [
      'a bound of nothing',
      { settings: { bounds: [{ parameter: 'density', from: 0, to: 1 }] } },
      'INVALID_INPUT',
      /bounds.density/,
    ],
    [
      'bounds upside down',
      { settings: { bounds: [{ parameter: 'weight', from: 1, to: 0 }] } },
      'INVALID_INPUT',
      /bounds must rise/,
    ],
    ['more groups than layers', { settings: { groups: 3 } }, 'INVALID_INPUT', /groups is 3/],
    [
      'no loss',
      { settings: { objectives: ['SIZE', 'LATENCY'] } },
      'INVALID_INPUT',
      /objectives is SIZE, LATENCY: LOSS/,
    ],
    ['an objective twice', { settings: { objectives: ['LOSS', 'LOSS'] } }, 'INVALID_INPUT', /objectives is LOSS, LOSS/],
    ['an unknown objective', { settings: { objectives: ['BEAUTY'] } }, 'INVALID_INPUT', /objectives.0 is "BEAUTY"/],
    [
      'a deviation that NSGA-II has not',
      { settings: { objectives: ['LOSS', 'SIZE'], sigma: 0.2 } },
      'INVALID_INPUT',
      /sigma is 0.2/,
    ],
    ['a setting that is none', { settings: { generation: 3 } }, 'INVALID_INPUT', /generation is 3/],
    ['another project', { project: 'other' }, 'FORBIDDEN', /other/],
  ])('refuses %s', async (_what, request, code, reason) => {
    await expect(begin(request)).rejects.toMatchObject({ code, message: expect.stringMatching(reason) })
    expect(home.jobs).toEqual([])
  })
})

it('a step of a pipeline merges the versions that its run has made', async () => {
  const step = {
    runId: 'run_1',
    stepName: 'evomerge',
    phase: 'EVOMERGE' as const,
    modelName: 'mine',
    dataset: null,
    preset: 'NANO' as const,
    seed: 3,
    config: { generations: 4 },
    principal: 'key_1',
  }
  await startStep(home.parts, 'default', { ...step, parents: ['mv_A', 'mv_B'] })
  expect(home.jobs).toMatchObject([{ phase: 'EVOMERGE', runId: 'run_1', modelName: 'mine', seed: 3, totalSteps: 4 }])
  await startStep(home.parts, 'default', { ...step, runId: 'run_2' })
  expect(home.rejections).toMatchObject([{ runId: 'run_2', error: { code: 'INVALID_INPUT' } }])
})
