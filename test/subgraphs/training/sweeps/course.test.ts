import { describe, expect, it } from 'vitest'
import { cancelJob, pauseJob, resumeJob } from '../../../../subgraphs/training/jobs/service.ts'
import { cancelSweep, pauseSweep, resumeSweep } from '../../../../subgraphs/training/sweeps/service.ts'
import { type Sweep, sweepProgress, tallied, trialStatus } from '../../../../subgraphs/training/sweeps/sweep.ts'
import { identityOf } from '../memory.ts'
import { sweepStage } from './stage.ts'

const statuses = ({ trials }: Sweep) => trials.map(trialStatus)
const ended = (stage: ReturnType<typeof sweepStage>) =>
  stage.sweepEvents.filter(({ topic }) => topic === 'sweep.completed')

describe('a random search', () => {
  it('keeps as many trials underway as are to be at once, and makes the best a version', async () => {
    const stage = sweepStage()
    const { id, ...begun } = await stage.start({ algorithm: 'RANDOM', trials: 3, parallel: 2 })
    expect(statuses(begun as Sweep)).toEqual(['TRAINING', 'TRAINING', 'PENDING'])
    expect(stage.jobs.map(({ sweepId, pauseAt, modelName }) => [sweepId, pauseAt, modelName])).toEqual([
      [id, null, 'cognate-nano'],
      [id, null, 'cognate-nano'],
    ])
    expect(statuses(await stage.reach(id, 2, 4))).toEqual(['TRAINING', 'COMPLETED', 'TRAINING'])
    await stage.reach(id, 1, 3)
    const over = await stage.reach(id, 3, 5)
    expect(over).toMatchObject({ status: 'COMPLETED', best: 1, finishedAt: expect.any(Date) })
    expect(sweepProgress(over, tallied(over.trials))).toBe(1)
    const job = {
      jobId: stage.jobs[0]!.id,
      modelName: 'cognate-nano',
      metrics: [{ name: 'validation_loss', value: 3 }],
    }
    expect(ended(stage)).toMatchObject([{ data: { sweepId: id, trial: 1, loss: 3, job } }])
    expect(ended(stage)[0]!.data).not.toHaveProperty('job.registers')
  })

  it('goes on without a trial that fails, and fails only when none is left', async () => {
    const stage = sweepStage()
    const { id } = await stage.start({ algorithm: 'RANDOM', trials: 3, parallel: 1 })
    expect(statuses(await stage.fail(id, 1))).toEqual(['FAILED', 'TRAINING', 'PENDING'])
    await stage.reach(id, 2, 4)
    expect(await stage.fail(id, 3)).toMatchObject({ status: 'COMPLETED', best: 2 })

    const other = await stage.start({ algorithm: 'RANDOM', trials: 2, parallel: 2 })
    await stage.fail(other.id, 1)
    const lost = await stage.fail(other.id, 2)
    expect(lost).toMatchObject({
      status: 'FAILED',
      best: null,
      error: {
        code: 'DIVERGED',
        message: expect.stringContaining('None of 2 trials made a model; the last to fail said'),
      },
    })
    expect(ended(stage)).toHaveLength(1)
  })

  it('changes nothing when it hears the same again', async () => {
    const stage = sweepStage()
    const { id } = await stage.start({ algorithm: 'RANDOM', trials: 3, parallel: 1 })
    await stage.tell('sweep.started', id, {})
    expect(stage.jobs).toHaveLength(1)
    await stage.reach(id, 1, 4)
    const told = stage.sweepEvents.length
    await stage.tell('job.cancelled', stage.jobs[0]!.id, {})
    await stage.tell('sweep.started', id, {})
    expect(stage.jobs).toHaveLength(2)
    expect(stage.sweepEvents).toHaveLength(told)
  })
})

describe('ASHA', () => {
  it('takes the best on from its checkpoint, and stops the others', async () => {
    const stage = sweepStage()
    // Rungs at 1, 3 and 9 steps.
    const { id, plan } = await stage.start({ trials: 9, eta: 3, minSteps: 1, parallel: 1 })
    expect(plan.rungs).toEqual([1, 3, 9])
    const losses = [9, 3, 7, 1, 8, 2, 6, 4, 5]
    const order: number[] = []
    for (let sweep = await stage.now(id); sweep.status === 'RUNNING'; ) {
      const [trial, ...others] = sweep.trials.filter(each => trialStatus(each) === 'TRAINING')
      expect(others).toEqual([])
      order.push(trial!.number)
      sweep = await stage.reach(id, trial!.number, losses[trial!.number - 1]! - trial!.rung / 10)
    }
    // The order that engine/search/asha.test.ts works out by hand.
    expect(order).toEqual([1, 2, 3, 2, 4, 4, 5, 6, 6, 4, 7, 8, 9])
    const over = await stage.now(id)
    expect(over).toMatchObject({ status: 'COMPLETED', best: 4 })
    expect(over.trials[3]).toMatchObject({ rung: 2, losses: [1, 0.9, 0.8] })
    expect(statuses(over).filter(status => status === 'STOPPED')).toHaveLength(8)
    // One job a trial: whoever goes on is resumed.
    expect(stage.jobs).toHaveLength(9)
    expect(stage.jobs[3]).toMatchObject({ status: 'COMPLETED', pauseAt: null, step: 9 })
  })

  it('takes a loss at a rung once, however often it is told', async () => {
    const stage = sweepStage()
    const { id } = await stage.start({ trials: 6, eta: 3, minSteps: 3, parallel: 2 })
    await stage.reach(id, 1, 4)
    const { id: jobId, totalSteps } = stage.jobs[0]!
    const again = { jobId, step: 3, totalSteps, runId: null, stepName: null, validationLoss: 2 }
    await stage.tell('job.paused', jobId, again)
    expect((await stage.now(id)).trials[0]!.losses).toEqual([4])
    await stage.tell('job.paused', jobId, { ...again, step: 2 })
    expect((await stage.now(id)).trials[0]!.losses).toEqual([4])
  })

  it('counts a failure among those of its rung, and trains the best that is left to the end', async () => {
    const stage = sweepStage()
    const { id } = await stage.start({ trials: 3, eta: 3, minSteps: 1, parallel: 1 })
    await stage.fail(id, 1)
    await stage.reach(id, 2, 5)
    const third = await stage.reach(id, 3, 4)
    expect(third.trials[2]).toMatchObject({ rung: 1 })
    // The only one that was promoted diverges: the other waits at the first rung, and goes on to the last.
    expect((await stage.fail(id, 3)).trials[1]).toMatchObject({ rung: 1 })
    await stage.reach(id, 2, 4.5)
    expect(await stage.reach(id, 2, 4.2)).toMatchObject({ status: 'COMPLETED', best: 2 })
  })

  it('lets a trial that ended early stand in every rung above', async () => {
    const stage = sweepStage()
    const { id } = await stage.start({ trials: 3, eta: 3, minSteps: 1, parallel: 3 })
    const job = stage.jobs[0]!
    stage.replace({ ...job, pauseAt: null })
    const early = await stage.reach(id, 1, 2)
    expect(early.trials[0]).toMatchObject({ rung: 2, losses: [2, 2, 2] })
  })
})

describe('a sweep', () => {
  it('pauses and resumes with its trials, but for those that wait at a rung', async () => {
    const stage = sweepStage()
    const { id } = await stage.start({ trials: 6, eta: 3, minSteps: 1, parallel: 2 })
    await stage.reach(id, 1, 4)
    const paused = await pauseSweep(stage.parts, identityOf(), id)
    expect(statuses(paused)).toEqual(['WAITING', 'PAUSED', 'PAUSED', 'PENDING', 'PENDING', 'PENDING'])
    await expect(pauseSweep(stage.parts, identityOf(), id)).rejects.toMatchObject({ code: 'CONFLICT' })
    // What was on its way to its rung when it was paused is taken note of, and nothing begins.
    stage.replace({ ...stage.jobs[1]!, status: 'RUNNING' })
    await stage.reach(id, 2, 5)
    expect(statuses(await stage.now(id))).toEqual(['WAITING', 'WAITING', 'PAUSED', 'PENDING', 'PENDING', 'PENDING'])

    const resumed = await resumeSweep(stage.parts, identityOf(), id)
    expect(statuses(resumed)).toEqual(['WAITING', 'WAITING', 'TRAINING', 'TRAINING', 'PENDING', 'PENDING'])
    await expect(resumeSweep(stage.parts, identityOf(), id)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('goes on after a pause in which its last trial came to its end', async () => {
    const stage = sweepStage()
    const { id } = await stage.start({ algorithm: 'RANDOM', trials: 1, parallel: 1 })
    await pauseSweep(stage.parts, identityOf(), id)
    stage.replace({ ...stage.jobs[0]!, status: 'RUNNING' })
    await stage.reach(id, 1, 4)
    expect(await stage.now(id)).toMatchObject({ status: 'PAUSED' })
    expect(await resumeSweep(stage.parts, identityOf(), id)).toMatchObject({ status: 'COMPLETED', best: 1 })
    expect(ended(stage)).toHaveLength(1)
  })

  it('is cancelled with all its trials, also those that wait', async () => {
    const stage = sweepStage()
    const { id } = await stage.start({ trials: 6, eta: 3, minSteps: 1, parallel: 2 })
    await stage.reach(id, 1, 4)
    const cancelled = await cancelSweep(stage.parts, identityOf(), id)
    expect(cancelled.status).toBe('CANCELLED')
    expect(statuses(cancelled)).toEqual(['STOPPED', 'CANCELLED', 'CANCELLED', 'PENDING', 'PENDING', 'PENDING'])
    await expect(cancelSweep(stage.parts, identityOf(), id)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(pauseSweep(stage.parts, identityOf(), id)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(cancelSweep(stage.parts, identityOf('other'), id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('waits for a trial that somebody has paused, and does without one that somebody has cancelled', async () => {
    const stage = sweepStage()
    const { id } = await stage.start({ algorithm: 'RANDOM', trials: 2, parallel: 2 })
    const [first, second] = stage.jobs
    await pauseJob(stage.parts, identityOf(), first!.id)
    expect(await stage.reach(id, 2, 4)).toMatchObject({ status: 'RUNNING' })
    await resumeJob(stage.parts, identityOf(), first!.id)
    await cancelJob(stage.parts, identityOf(), first!.id)
    await stage.tell('job.cancelled', first!.id, {})
    expect(await stage.now(id)).toMatchObject({ status: 'COMPLETED', best: 2 })
    expect(second!.sweepId).toBe(id)
  })
})
