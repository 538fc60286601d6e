import { beforeEach, describe, expect, it } from 'vitest'
import { startCognate } from '../../../../subgraphs/training/cognate/service.ts'
import { registerBuiltIn } from '../../../../subgraphs/training/datasets/service.ts'
import type { TrainingJob } from '../../../../subgraphs/training/jobs/job.ts'
import {
  cancelJob,
  cancelJobsOfRun,
  findJob,
  listJobs,
  pauseJob,
  resumeJob,
  retryJob,
} from '../../../../subgraphs/training/jobs/service.ts'
import { clock, identityOf, trainingInMemory } from '../memory.ts'

const identity = identityOf()
let memory: ReturnType<typeof trainingInMemory>
let job: TrainingJob
beforeEach(async () => {
  memory = trainingInMemory()
  await registerBuiltIn(memory.parts, 'moby-dick', () => 'Call me Ishmael. '.repeat(10_000))
  job = await startCognate(memory.parts, identity, { settings: { steps: 10 } })
  memory.events.length = 0
})

const topics = () => memory.events.map(({ topic }) => topic)

describe('cancelJob', () => {
  it('ends a job for good and says so', async () => {
    expect(await cancelJob(memory.parts, identity, job.id)).toMatchObject({ status: 'CANCELLED', finishedAt: clock })
    expect(topics()).toEqual(['job.cancelled'])
  })

  it('judges again a job that moved between the read and the write', async () => {
    memory.state.beforeTransition = () => {
      memory.replace({ ...job, status: 'RUNNING', revision: 1 })
    }
    expect((await cancelJob(memory.parts, identity, job.id)).status).toBe('CANCELLED')
    expect(topics()).toEqual(['job.cancelled'])
  })

  it('does not overwrite a job that finished in that moment', async () => {
    memory.state.beforeTransition = () => {
      memory.replace({ ...job, status: 'COMPLETED', revision: 2 })
    }
    await expect(cancelJob(memory.parts, identity, job.id)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(memory.jobs[0]!.status).toBe('COMPLETED')
    expect(topics()).toEqual([])
  })

  it('does not know the job of another project', async () => {
    await expect(cancelJob(memory.parts, identityOf('other'), job.id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(job.id),
    })
  })
})

describe('pauseJob and resumeJob', () => {
  it('take turns: a second pause and a second resume are conflicts', async () => {
    expect((await pauseJob(memory.parts, identity, job.id)).status).toBe('PAUSED')
    await expect(pauseJob(memory.parts, identity, job.id)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await resumeJob(memory.parts, identity, job.id)).status).toBe('QUEUED')
    await expect(resumeJob(memory.parts, identity, job.id)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(topics()).toEqual(['job.paused', 'job.resumed'])
  })

  it('leave a finished job alone', async () => {
    await cancelJob(memory.parts, identity, job.id)
    await expect(pauseJob(memory.parts, identity, job.id)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(resumeJob(memory.parts, identity, job.id)).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('retryJob', () => {
  it('queues a failed job afresh, and no other', async () => {
    await expect(retryJob(memory.parts, identity, job.id)).rejects.toMatchObject({ code: 'CONFLICT' })
    memory.replace({ ...job, status: 'FAILED', crashes: 3, error: { code: 'INTERNAL', message: 'it crashed' } })
    const retried = await retryJob(memory.parts, identity, job.id)
    expect(retried).toMatchObject({ status: 'QUEUED', crashes: 0, error: null, finishedAt: null })
    expect(topics()).toEqual(['job.queued'])
  })
})

describe('cancelJobsOfRun', () => {
  it('cancels what has not finished, and nothing twice', async () => {
    memory.replace({ ...job, runId: 'run_1', stepName: 'cognate' })
    await cancelJobsOfRun(memory.parts, 'run_1')
    await cancelJobsOfRun(memory.parts, 'run_1')
    expect(topics()).toEqual(['job.cancelled'])
  })
})

describe('jobs', () => {
  it('are seen by their own project and by who sees all', async () => {
    expect(await findJob(memory.parts, identity, job.id)).toBeTruthy()
    expect(await findJob(memory.parts, identityOf('*'), job.id)).toBeTruthy()
    expect(await findJob(memory.parts, identityOf('other'), job.id)).toBeNull()
  })

  it('are not paged by what is no cursor', async () => {
    const page = { limit: 20, inverted: false, after: 'nonsense' }
    await expect(listJobs(memory.parts, identity, {}, page)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('nonsense'),
    })
  })
})
