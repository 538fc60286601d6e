import { beforeEach, describe, expect, it } from 'vitest'
import { type CognateRequest, startCognate } from '../../../../subgraphs/training/cognate/service.ts'
import { registerBuiltIn } from '../../../../subgraphs/training/datasets/service.ts'
import { groupMetric, groupProgress } from '../../../../subgraphs/training/groups/group.ts'
import { findGroup, groupMetrics, startCognateGroup } from '../../../../subgraphs/training/groups/service.ts'
import { packPoints } from '../../../../subgraphs/training/metrics/points.ts'
import { identityOf, trainingInMemory } from '../memory.ts'

const identity = identityOf()
let memory: ReturnType<typeof trainingInMemory>
beforeEach(async () => {
  memory = trainingInMemory()
  await registerBuiltIn(memory.parts, 'moby-dick', () => 'Call me Ishmael. '.repeat(10_000))
})
const begin = (request: Partial<CognateRequest> = {}, seeds?: number[]) =>
  startCognateGroup(memory.parts, identity, { settings: {}, ...request }, seeds)

describe('a group of siblings', () => {
  it('is three jobs that differ by seed and model name alone, unless other seeds are given', async () => {
    const { id, jobs } = await begin({ modelName: 'cog' })
    expect(jobs.map(({ seed, modelName, groupId }) => [seed, modelName, groupId])).toEqual([
      [42, 'cog-42', id],
      [1337, 'cog-1337', id],
      [2023, 'cog-2023', id],
    ])
    const [first, ...others] = jobs.map(({ config }) => ({ ...(config as object), seed: 0 }))
    for (const other of others) expect(other).toEqual(first)
    expect(memory.events.map(({ topic }) => topic)).toEqual(['job.queued', 'job.queued', 'job.queued'])
    expect((await begin({}, [5, 6])).jobs.map(({ modelName }) => modelName)).toEqual([
      'cognate-nano-5',
      'cognate-nano-6',
    ])
  })

  it('is one for one idempotency key, also where the request was cut off between two siblings', async () => {
    const whole = await begin({ idempotencyKey: 'once' })
    memory.jobs.pop()
    const again = await begin({ idempotencyKey: 'once' })
    expect(again.id).toBe(whole.id)
    expect(again.jobs.map(({ seed }) => seed)).toEqual([42, 1337, 2023])
    expect(again.jobs.slice(0, 2)).toEqual(whole.jobs.slice(0, 2))
    await expect(begin({ idempotencyKey: 'once' }, [42, 7])).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(whole.id),
    })
    await expect(begin({ idempotencyKey: 'once' }, [7, 42])).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it.each<[string, Partial<CognateRequest>, number[] | undefined, string]>([
    ['one seed', {}, [1], 'seeds is [1]'],
    ['a seed twice', {}, [1, 1], 'seeds is [1,1]'],
    ['a negative seed', {}, [1, -1], 'seeds is [1,-1]'],
    ['a seed beside them', { seed: 3 }, undefined, '`input.seed` is 3'],
    ['names that are too long', { modelName: 'm'.repeat(62) }, undefined, 'model name'],
    ['a setting that is none', { settings: { stepz: 1 } }, undefined, 'stepz'],
  ])('is refused with %s, and nothing is left behind', async (_, request, seeds, message) => {
    await expect(begin(request, seeds)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(message),
    })
    expect(memory.jobs).toEqual([])
  })

  it('is not there for another project', async () => {
    const { id } = await begin()
    await expect(findGroup(memory.parts, identityOf('other'), id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(findGroup(memory.parts, identity, 'group_none')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('sums up what its siblings have measured', async () => {
    const group = await begin()
    memory.series.push({
      name: 'loss',
      points: packPoints([{ name: 'loss', step: 1, value: 2, at: new Date(0).toISOString() }]),
    })
    const summary = await groupMetrics(memory.parts, group, ['validation_loss', 'loss'])
    expect(summary).toEqual([{ name: 'loss', siblings: 3, mean: 2, spread: 0, least: 2, most: 2 }])
    // Of 2, 4 and 9: mean 5, squares 9 + 1 + 16.
    expect(groupMetric('loss', [2, 4, 9])).toMatchObject({ mean: 5, spread: Math.sqrt(13), least: 2, most: 9 })
    expect(groupMetric('loss', [3])).toMatchObject({ mean: 3, spread: 0 })
  })

  it('has come as far as its siblings on average', async () => {
    const { jobs, ...group } = await begin({ settings: { steps: 10 } })
    const [first, second, third] = jobs
    const moved = [{ ...first!, step: 5 }, { ...second!, status: 'COMPLETED' as const }, third!]
    expect(groupProgress({ ...group, jobs: moved })).toBeCloseTo(0.5)
  })
})

describe('a control', () => {
  const filtered = { grokfast: { kind: 'EMA' }, control: true }

  it('is the same training without the filter, once however often it is asked for', async () => {
    const request = { modelName: 'cog', settings: filtered, idempotencyKey: 'pair' }
    const job = await startCognate(memory.parts, identity, request)
    await startCognate(memory.parts, identity, request)
    expect(memory.jobs).toHaveLength(2)
    const control = (await memory.parts.groups.controlOf(job.id))!
    expect(control).toMatchObject({ modelName: 'cog-control', controlOf: job.id, seed: job.seed })
    expect(control.config).toEqual({ ...(job.config as object), grokfast: null })
    expect(control.memoryBytes).toBeLessThan(job.memoryBytes)
  })

  it('comes with each sibling, and is none itself', async () => {
    const { jobs } = await begin({ settings: filtered }, [1, 2])
    expect(memory.jobs).toHaveLength(4)
    expect(jobs.map(({ controlOf }) => controlOf)).toEqual([null, null])
  })

  it('needs a filter', async () => {
    await expect(begin({ settings: { control: true } })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(begin({ settings: { grokfast: { kind: 'NONE' }, control: true } })).rejects.toThrow('without a filter')
    expect(memory.jobs).toEqual([])
  })
})
