import { describe, expect, it } from 'vitest'
import { roles } from '../../../../kernel/auth/identity.ts'
import { cancelRun, findRun, getRun, runPipeline } from '../../../../subgraphs/orchestration/pipelines/service.ts'
import { admin, memoryRuns, standingClock } from '../memory.ts'

const { now } = standingClock()
const stranger = { principal: 'key_2', name: 'other', project: 'other', scopes: roles.trainer }

function setUp() {
  const memory = memoryRuns()
  return { ...memory, parts: { runs: memory.runs, now } }
}

describe('runPipeline', () => {
  it('begins a run and asks training for its first step', async () => {
    const { parts, events, audit } = setUp()
    const run = await runPipeline(parts, admin, { modelName: 'moby', config: { steps: 200 } })
    expect(run).toMatchObject({ project: 'default', status: 'QUEUED', progress: 0, finishedAt: null })
    expect(events).toMatchObject([
      { topic: 'run.started', data: { runId: run.id, status: 'QUEUED', steps: [{ name: 'cognate', jobId: null }] } },
      {
        topic: 'step.requested',
        data: { runId: run.id, stepName: 'cognate', phase: 'COGNATE', modelName: 'moby', preset: 'NANO', seed: 42 },
      },
    ])
    expect(audit).toMatchObject([{ action: 'run.created', subject: run.id, principal: 'key_admin' }])
  })

  it('answers the same run for the same idempotency key and input', async () => {
    const { parts, events } = setUp()
    const input = { modelName: 'moby', idempotencyKey: 'once', config: { a: { b: 1 } } }
    const first = await runPipeline(parts, admin, input)
    const again = await runPipeline(parts, admin, { ...input, seed: 42, preset: 'NANO' })
    expect(again.id).toBe(first.id)
    expect(events).toHaveLength(2)
  })

  it('refuses an idempotency key that belongs to other input, and names it', async () => {
    const { parts } = setUp()
    await runPipeline(parts, admin, { modelName: 'moby', idempotencyKey: 'once' })
    await expect(runPipeline(parts, admin, { modelName: 'dick', idempotencyKey: 'once' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('"once"'),
    })
  })

  it.each([
    ['an unknown pipeline', { pipeline: 'nope', modelName: 'm' }, '"cognate"'],
    ['a model name with a space', { modelName: 'moby dick' }, '"moby dick"'],
    ['a negative seed', { modelName: 'm', seed: -1 }, '-1'],
    ['a config that is no object', { modelName: 'm', config: [1] }, '[1]'],
    ['a project called *', { modelName: 'm', project: '*' }, '"*"'],
    ['an empty idempotency key', { modelName: 'm', idempotencyKey: '' }, '""'],
  ])('refuses %s before anything is made', async (_what, input, named) => {
    const { parts, events, runs } = setUp()
    await expect(runPipeline(parts, admin, input)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(named),
    })
    expect(events).toEqual([])
    expect(await runs.list('*', { limit: 10, inverted: false })).toEqual([])
  })

  it('refuses a project that the key is not for', async () => {
    const { parts } = setUp()
    const asked = runPipeline(parts, stranger, { modelName: 'm', project: 'default' })
    await expect(asked).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})

describe('cancelRun', () => {
  it('cancels what has not ended, tells training, and refuses a second time', async () => {
    const { parts, topics, audit } = setUp()
    const { id } = await runPipeline(parts, admin, { modelName: 'm' })
    const run = await cancelRun(parts, admin, id)
    expect(run).toMatchObject({ status: 'CANCELLED', finishedAt: now() })
    expect(topics().slice(2)).toEqual(['run.cancelled', 'run.finished'])
    expect(audit.at(-1)).toMatchObject({ action: 'run.cancelled', subject: id })
    await expect(cancelRun(parts, admin, id)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('knows no run of another project, and none that is not there', async () => {
    const { parts } = setUp()
    const { id } = await runPipeline(parts, admin, { modelName: 'm' })
    await expect(cancelRun(parts, stranger, id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(getRun(parts, stranger, id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(getRun(parts, admin, 'run_none')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await findRun(parts, stranger, id)).toBeNull()
  })
})
