import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BusEvent } from '../../../../kernel/bus/bus.ts'
import { newId } from '../../../../kernel/ids.ts'
import type { EventData, Topic } from '../../../../schema/events.ts'
import { runPipeline } from '../../../../subgraphs/orchestration/pipelines/service.ts'
import { newRun } from '../../../../subgraphs/orchestration/runs/run.ts'
import { followEvent } from '../../../../subgraphs/orchestration/steps/events.ts'
import { admin, memoryRuns, standingClock } from '../memory.ts'

const start = Date.parse('2026-01-01T00:00:00.000Z')

function busEvent<T extends Topic>(topic: T, second: number, data: EventData<T>): BusEvent {
  const at = new Date(start + second * 1_000).toISOString()
  return { id: newId('evt'), topic, key: 'job_1', project: 'default', at, data, position: String(second) }
}

/** What happens to a job of 100 steps that is paused once. */
function eventsOfJob(runId: string | null, stepName: string | null = 'cognate') {
  const origin = { runId, stepName }
  const place = { jobId: 'job_1', totalSteps: 100, ...origin }
  const points: never[] = []
  return {
    queued: busEvent('job.queued', 1, { ...place, phase: 'COGNATE', modelName: 'm', seed: 1 }),
    started: busEvent('job.started', 2, { ...place, attempt: 1, nodeId: 'n', executor: 'onnx', step: 0 }),
    progressed: busEvent('job.progressed', 3, { ...place, attempt: 1, step: 40, points }),
    paused: busEvent('job.paused', 4, { ...place, step: 40 }),
    resumed: busEvent('job.resumed', 5, { ...place, step: 40 }),
    restarted: busEvent('job.started', 6, { ...place, attempt: 2, nodeId: 'n', executor: 'onnx', step: 40 }),
    completed: busEvent('job.completed', 7, {
      ...place,
      phase: 'COGNATE',
      attempt: 2,
      modelName: 'm',
      step: 100,
      parameterCount: 1,
      architecture: {},
      files: [{ path: 'model.safetensors', digest: 'sha256:0', sizeBytes: 1 }],
      metrics: [],
      parents: [],
      dataset: null,
    }),
  }
}
const registered = busEvent('version.registered', 8, {
  versionId: 'mv_1',
  modelId: 'model_1',
  modelName: 'm',
  number: 1,
  jobId: 'job_1',
  phase: 'COGNATE',
  digest: 'sha256:0',
  sizeBytes: 1,
})
const error = { code: 'INVALID_INPUT', message: 'There is no dataset "x".' }

async function setUp() {
  const memory = memoryRuns()
  const clock = standingClock()
  const parts = { runs: memory.runs, now: clock.now }
  const { id } = await runPipeline(parts, admin, { modelName: 'm' })
  memory.events.length = 0
  return {
    ...memory,
    ...clock,
    id,
    parts,
    follow: async (...events: BusEvent[]) => {
      for (const event of events) await followEvent(parts, event)
      return (await memory.runs.find(id))!
    },
  }
}

describe('a run whose step is trained', () => {
  it('follows its job, and is completed only when the version is registered', async () => {
    const { id, follow } = await setUp()
    const job = eventsOfJob(id)
    expect(await follow(job.queued)).toMatchObject({ status: 'QUEUED', steps: [{ jobId: 'job_1' }] })
    expect(await follow(job.started)).toMatchObject({ status: 'RUNNING' })
    expect(await follow(job.paused)).toMatchObject({ status: 'PAUSED', progress: 0.4 })
    expect(await follow(job.resumed)).toMatchObject({ status: 'QUEUED' })
    expect(await follow(job.restarted)).toMatchObject({ status: 'RUNNING' })
    expect(await follow(job.completed)).toMatchObject({ status: 'RUNNING', progress: 1, finishedAt: null })
    expect(await follow(registered)).toMatchObject({ status: 'COMPLETED', steps: [{ versionId: 'mv_1' }] })
  })

  it('ends in the same state whatever the order of the events of its job, and however often they come', async () => {
    const all = eventsOfJob('run')
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...Object.values(all), ...Object.values(all)], { minLength: 1 }),
        fc.boolean(),
        async (anyhow, twice) => {
          const { id, follow, topics } = await setUp()
          const run = await follow(
            ...anyhow.map(event => ({ ...event, data: { ...(event.data as object), runId: id } })),
            registered,
            ...(twice ? [registered] : []),
          )
          expect(run).toMatchObject({ status: 'COMPLETED', progress: 1 })
          expect(run.steps).toMatchObject([{ status: 'COMPLETED', jobId: 'job_1', versionId: 'mv_1', error: null }])
          expect(topics().filter(topic => topic === 'run.finished')).toHaveLength(1)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('publishes progress alone at most once a second, and every change of status at once', async () => {
    const { id, follow, topics, pass } = await setUp()
    const job = eventsOfJob(id)
    const progressed = (step: number) => ({ ...job.progressed, data: { ...(job.progressed.data as object), step } })
    await follow(job.queued, job.started)
    expect(topics()).toEqual(['run.progressed', 'run.progressed'])
    await follow(progressed(10), progressed(11), progressed(12))
    expect(topics()).toHaveLength(2)
    pass(1_000)
    expect(await follow(progressed(13), progressed(14))).toMatchObject({ progress: 0.13 })
    expect(topics()).toHaveLength(3)
    await follow(job.paused, job.paused)
    expect(topics()).toHaveLength(4)
  })

  it('goes on when its failed job is tried again, and is completed with it', async () => {
    const { id, follow, topics } = await setUp()
    const job = eventsOfJob(id)
    const place = { jobId: 'job_1', step: 40, totalSteps: 100, runId: id, stepName: 'cognate' }
    const failed = busEvent('job.failed', 7, { ...place, error })
    expect(await follow(job.queued, job.started, failed)).toMatchObject({ status: 'FAILED' })
    expect(await follow(job.queued)).toMatchObject({ status: 'FAILED' })

    const again = { ...job.queued, at: failed.at, data: { ...(job.queued.data as object), isRetry: true } }
    const reopened = await follow(again)
    expect(reopened).toMatchObject({ status: 'QUEUED', finishedAt: null, steps: [{ status: 'QUEUED', error: null }] })
    expect(topics().slice(-2)).toEqual(['run.finished', 'run.progressed'])
    const restarted = { ...job.restarted, at: failed.at }
    expect(await follow(restarted)).toMatchObject({ status: 'RUNNING' })
    expect(await follow(registered)).toMatchObject({ status: 'COMPLETED', progress: 1 })
    expect(topics().at(-1)).toBe('run.finished')
  })

  it('asks for the next step once, when the version of the one before is registered', async () => {
    const { runs, parts, events } = await setUp()
    const steps = [
      { name: 'first', phase: 'COGNATE' as const },
      { name: 'second', phase: 'BITNET' as const },
    ]
    const request = { pipeline: 'two', modelName: 'm', dataset: null, preset: 'NANO' as const, seed: 1, config: {} }
    const given = { id: 'run_two', project: 'default', principal: 'key_1', idempotencyKey: null, request }
    const run = newRun({ name: 'two', description: '', steps }, given, parts.now())
    await runs.add({ run, events: [] })
    const job = eventsOfJob('run_two', 'first')
    for (const event of [job.queued, job.completed, registered, registered, job.completed]) {
      await followEvent(parts, event)
    }
    expect(events.filter(event => event.topic === 'step.requested')).toMatchObject([
      { data: { runId: 'run_two', stepName: 'second', phase: 'BITNET' } },
    ])
    expect(await runs.find('run_two')).toMatchObject({ status: 'RUNNING', progress: 0.5 })
  })
})

it('gives a merge the versions that the run has made, its own settings, and the models seeds of their own', async () => {
  const memory = memoryRuns()
  const parts = { runs: memory.runs, now: standingClock().now }
  const config = { steps: 20, evomerge: { generations: 4 } }
  const { id } = await runPipeline(parts, admin, { modelName: 'm', pipeline: 'evomerge', config })
  for (const [index, stepName] of ['cognate-1', 'cognate-2', 'cognate-3'].entries()) {
    const jobId = `job_${index}`
    const place = { jobId, runId: id, stepName, totalSteps: 20 }
    await followEvent(
      parts,
      busEvent('job.started', 1, { ...place, attempt: 1, nodeId: 'n', executor: 'onnx', step: 0 }),
    )
    const version = { ...(registered.data as object), jobId, versionId: `mv_${index}` }
    await followEvent(parts, busEvent('version.registered', 8, version as never))
  }
  const asked = memory.events.filter(({ topic }) => topic === 'step.requested').map(({ data }) => data)
  expect(asked).toMatchObject([
    { stepName: 'cognate-1', seed: 42, config: { steps: 20 }, parents: [] },
    { stepName: 'cognate-2', seed: 1337, config: { steps: 20 }, parents: ['mv_0'] },
    { stepName: 'cognate-3', seed: 2023, config: { steps: 20 }, parents: ['mv_0', 'mv_1'] },
    { stepName: 'evomerge', phase: 'EVOMERGE', config: { generations: 4 }, parents: ['mv_0', 'mv_1', 'mv_2'] },
  ])
})

describe('a run that cannot go on', () => {
  it('fails with the reason when training rejects the step', async () => {
    const { id, follow, topics } = await setUp()
    const run = await follow(busEvent('step.rejected', 1, { runId: id, stepName: 'cognate', error }))
    expect(run).toMatchObject({ status: 'FAILED', steps: [{ status: 'FAILED', error, jobId: null }] })
    expect(topics()).toEqual(['run.finished'])
  })

  it('fails when models can not register what was trained', async () => {
    const { id, follow } = await setUp()
    const { queued, completed } = eventsOfJob(id)
    const run = await follow(queued, completed, busEvent('version.rejected', 9, { jobId: 'job_1', error }))
    expect(run).toMatchObject({ status: 'FAILED', steps: [{ error, versionId: null }] })
  })

  it.each(['job.failed', 'job.cancelled'] as const)('ends with its job on %s', async topic => {
    const { id, follow } = await setUp()
    const data = { jobId: 'job_1', runId: id, stepName: 'cognate', step: 50, totalSteps: 100, error }
    const run = await follow(eventsOfJob(id).queued, busEvent(topic, 3, data))
    expect(run.status).toBe(topic === 'job.failed' ? 'FAILED' : 'CANCELLED')
    expect(run.progress).toBe(0.5)
  })
})

it('leaves jobs and versions alone that belong to no run', async () => {
  const { follow, topics } = await setUp()
  await follow(...Object.values(eventsOfJob(null)), registered, {
    ...registered,
    data: { ...(registered.data as object), jobId: null },
  })
  expect(topics()).toEqual([])
})
