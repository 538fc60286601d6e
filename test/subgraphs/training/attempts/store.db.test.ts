import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Claim } from '../../../../subgraphs/training/attempts/attempt.ts'
import {
  claimJob,
  completeAttempt,
  crashAttempt,
  failAttempt,
  recordCheckpoint,
  recordPoints,
  recoverLostJobs,
  releaseAttempt,
} from '../../../../subgraphs/training/attempts/service.ts'
import { cancelJob, pauseJob, resumeJob, retryJob } from '../../../../subgraphs/training/jobs/service.ts'
import { readMetrics } from '../../../../subgraphs/training/metrics/service.ts'
import { identityOf } from '../memory.ts'
import { digestOf, place, trainingStores } from '../stores.ts'

const identity = identityOf()
let forge: Awaited<ReturnType<typeof trainingStores>>
beforeEach(async () => {
  forge = await trainingStores()
})
afterEach(() => forge[Symbol.asyncDispose]())

const at = '2026-03-01T12:00:00.000Z'
const losses = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    name: 'loss',
    step: from + index,
    value: 5 - index / 100,
    at,
  }))
const completion = {
  step: 100,
  stopReason: null,
  parameterCount: 30_000,
  architecture: { kind: 'llama' },
  files: [{ path: 'model.safetensors', digest: digestOf('b'), sizeBytes: 10 }],
  metrics: [{ name: 'loss', value: 2 }],
}
const stepsOf = async ({ job }: Claim) => {
  const [series] = await readMetrics(forge, job.id, { maxPoints: 1_000 })
  return series!.points.map(({ step }) => step)
}
const statusOf = async ({ job }: Claim) => (await forge.jobs.find(job.id))!.status

describe('a claim', () => {
  it('is one attempt of many that want it', async () => {
    const job = await forge.addJob()
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimJob(forge, job.id, place)))
    expect(claims.filter(claim => typeof claim !== 'string')).toHaveLength(1)
    expect(claims.filter(claim => claim === 'GONE')).toHaveLength(7)
    expect(await forge.jobs.find(job.id)).toMatchObject({ status: 'RUNNING', attempts: 1, nodeId: 'node_1' })
    expect(await forge.topics()).toEqual(['job.queued', 'job.started'])
  })

  it('keeps the executor that a job has run on where it works, and takes another where not', async () => {
    const { attempt, job } = await forge.claimed()
    expect(job.executor).toBe('onnx')
    await releaseAttempt(forge, { attempt, job }, 0)
    const again = await claimJob(forge, job.id, { ...place, executor: 'tfjs-wasm' })
    expect((again as Claim).job.executor).toBe('onnx')
    await releaseAttempt(forge, again as Claim, 0)
    const elsewhere = { nodeId: 'node_2', executors: ['tfjs-wasm'], executor: 'tfjs-wasm' }
    expect(((await claimJob(forge, job.id, elsewhere)) as Claim).job).toMatchObject({
      executor: 'tfjs-wasm',
      attempts: 3,
    })
  })

  it('begins a job with the executor that it asks for, whichever is preferred there', async () => {
    const { job } = await forge.claimed({ requirements: ['night', 'executor=tfjs-wasm'] })
    expect(job.executor).toBe('tfjs-wasm')
    // Where that has stopped to work, the preferred one takes its place.
    const other = await forge.claimed({ requirements: ['executor=gone'] })
    expect(other.job.executor).toBe('onnx')
  })

  it('waits while the attempt before still saves its checkpoint', async () => {
    const first = await forge.claimed()
    await pauseJob(forge, identity, first.job.id)
    await resumeJob(forge, identity, first.job.id)
    expect(await claimJob(forge, first.job.id, place)).toBe('HELD')

    await recordPoints(forge, first, 3, losses(1, 3))
    await recordCheckpoint(forge, first, { step: 3, digest: digestOf('c'), sizeBytes: 10 })
    await releaseAttempt(forge, first, 3)
    expect(await claimJob(forge, first.job.id, place)).toMatchObject({
      attempt: { number: 2 },
      checkpoints: [{ step: 3, digest: digestOf('c') }],
      recorded: { loss: 3 },
    })
  })
})

describe('cancelling and completing at the same moment', () => {
  it('has exactly one winner, which stays, and one event of the end', async () => {
    for (let round = 0; round < 20; round++) {
      const claim = await forge.claimed()
      const [cancelled] = await Promise.allSettled([
        cancelJob(forge, identity, claim.job.id),
        completeAttempt(forge, claim, completion),
      ])
      const status = await statusOf(claim)
      expect(status).toBe(cancelled.status === 'fulfilled' ? 'CANCELLED' : 'COMPLETED')
      const ends = await forge.db.outbox.findMany({
        where: { key: claim.job.id, topic: { in: ['job.cancelled', 'job.completed'] } },
      })
      expect(ends.map(({ topic }) => topic)).toEqual([status === 'CANCELLED' ? 'job.cancelled' : 'job.completed'])
      const dropped = await forge.db.outbox.findMany({ where: { key: claim.job.id, topic: 'weights.dropped' } })
      expect(dropped.map(({ data }) => data)).toEqual(
        status === 'CANCELLED' ? [{ jobId: claim.job.id, digest: digestOf('b') }] : [],
      )
    }
  })
})

describe('an attempt', () => {
  it('stores its points and their event together, and moves the step forward only', async () => {
    const claim = await forge.claimed()
    expect(await recordPoints(forge, claim, 5, losses(1, 5))).toBe('RUNNING')
    expect(await recordPoints(forge, claim, 3, [])).toBe('RUNNING')
    expect((await forge.jobs.find(claim.job.id))!.step).toBe(5)
    expect(await stepsOf(claim)).toEqual([1, 2, 3, 4, 5])
  })

  it('is refused everything once it has lost the job', async () => {
    const old = await forge.claimed()
    await recordPoints(forge, old, 2, losses(1, 2))
    await forge.expire(old.job.id)
    expect((await recoverLostJobs(forge)).map(({ id }) => id)).toEqual([old.job.id])
    const fresh = (await claimJob(forge, old.job.id, place)) as Claim
    const before = await forge.topics()

    expect(await recordPoints(forge, old, 9, losses(3, 9))).toBeNull()
    expect(await recordCheckpoint(forge, old, { step: 9, digest: digestOf('d'), sizeBytes: 1 })).toBeNull()
    expect(forge.removed, 'the other attempt may have made the same').toEqual([])
    await completeAttempt(forge, old, completion)
    await failAttempt(forge, old, 9, { code: 'INTERNAL', message: 'late' })
    await releaseAttempt(forge, old, 9)
    expect(await forge.topics()).toEqual(before)
    expect(await forge.jobs.find(old.job.id)).toMatchObject({ status: 'RUNNING', attempts: 2, step: 2 })
    expect(await recordPoints(forge, fresh, 3, losses(3, 3))).toBe('RUNNING')
  })

  it('gives up what it has made for a job that was cancelled a moment before, but not for one that was paused', async () => {
    const paused = await forge.claimed()
    await pauseJob(forge, identity, paused.job.id)
    await completeAttempt(forge, paused, completion)
    const cancelled = await forge.claimed()
    await cancelJob(forge, identity, cancelled.job.id)
    await completeAttempt(forge, cancelled, completion)
    const dropped = await forge.db.outbox.findMany({ where: { topic: 'weights.dropped' } })
    expect(dropped.map(({ data }) => data)).toEqual([{ jobId: cancelled.job.id, digest: digestOf('b') }])
  })

  it('leaves no bytes behind of a checkpoint that was stored while its job was cancelled', async () => {
    const claim = await forge.claimed()
    await recordCheckpoint(forge, claim, { step: 10, digest: digestOf('1'), sizeBytes: 1 })
    await cancelJob(forge, identity, claim.job.id)
    expect(await recordCheckpoint(forge, claim, { step: 20, digest: digestOf('2'), sizeBytes: 1 })).toBeNull()
    // Again, as after a lost answer; what is listed is for the leftovers to collect.
    expect(await recordCheckpoint(forge, claim, { step: 10, digest: digestOf('1'), sizeBytes: 1 })).toBeNull()
    expect(forge.removed).toEqual([digestOf('2')])
  })

  it('that repeats steps does not store them twice', async () => {
    const claim = await forge.claimed()
    await recordPoints(forge, claim, 600, losses(1, 600))
    await recordPoints(forge, claim, 600, losses(590, 600))
    await recordPoints(forge, claim, 601, losses(601, 601))
    expect(await stepsOf(claim)).toEqual(Array.from({ length: 601 }, (_, index) => index + 1))
    expect(await forge.metrics.newest(claim.job.id)).toMatchObject([{ name: 'loss', step: 601, value: 5 }])
  })

  it('keeps the last two checkpoints, and removes the blobs of the others', async () => {
    const claim = await forge.claimed()
    for (const step of [10, 20, 30]) {
      await recordCheckpoint(forge, claim, { step, digest: digestOf(String(step / 10)), sizeBytes: step })
    }
    await recordCheckpoint(forge, claim, { step: 30, digest: digestOf('e'), sizeBytes: 31 })
    expect(await forge.checkpoints.ofJob(claim.job.id)).toMatchObject([
      { step: 30, digest: digestOf('e'), sizeBytes: 31, attempt: 1 },
      { step: 20, digest: digestOf('2') },
    ])
    expect(forge.removed).toEqual([digestOf('1'), digestOf('3')])
  })

  it('may still save while its job is paused, and says at its end where the job stands', async () => {
    const claim = await forge.claimed()
    await pauseJob(forge, identity, claim.job.id)
    expect(await recordPoints(forge, claim, 4, losses(1, 4))).toBe('PAUSED')
    await releaseAttempt(forge, claim, 4)
    expect(await statusOf(claim)).toBe('PAUSED')
    expect(await forge.topics()).toEqual(['job.queued', 'job.started', 'job.paused', 'job.progressed', 'job.paused'])
    expect(await recordPoints(forge, claim, 5, losses(5, 5))).toBeNull()
  })

  it('that crashes is tried again, and the third crash fails the job with the reason', async () => {
    let claim = await forge.claimed()
    for (let crash = 1; crash <= 2; crash++) {
      await crashAttempt(forge, claim, 0, 'it was ended by SIGSEGV')
      expect(await statusOf(claim)).toBe('QUEUED')
      claim = (await claimJob(forge, claim.job.id, place)) as Claim
    }
    await crashAttempt(forge, claim, 0, 'it was ended by SIGSEGV')
    expect(await forge.jobs.find(claim.job.id)).toMatchObject({
      status: 'FAILED',
      attempts: 3,
      error: { code: 'INTERNAL', message: expect.stringContaining('SIGSEGV') },
    })
  })

  it('is tried again later each time, and only losses since its last checkpoint count', async () => {
    let claim = await forge.claimed({ retries: 3 })
    const waits: number[] = []
    for (let loss = 1; loss <= 2; loss++) {
      await crashAttempt(forge, claim, 0, 'it was ended by SIGKILL')
      const { notBefore, queuedAt } = (await forge.jobs.find(claim.job.id))!
      waits.push(Math.round((notBefore!.getTime() - Date.now()) / 1000))
      expect(queuedAt).toEqual(claim.job.queuedAt)
      claim = (await claimJob(forge, claim.job.id, place)) as Claim
    }
    expect(waits).toEqual([1, 2])
    await recordCheckpoint(forge, claim, { step: 10, digest: digestOf('1'), sizeBytes: 1 })
    expect((await forge.jobs.find(claim.job.id))!.crashes).toBe(0)
    await crashAttempt(forge, claim, 0, 'it was ended by SIGKILL')
    claim = (await claimJob(forge, claim.job.id, place)) as Claim
    await recordCheckpoint(forge, claim, { step: 10, digest: digestOf('2'), sizeBytes: 1 })
    expect((await forge.jobs.find(claim.job.id))!.crashes).toBe(1)
  })

  it('that takes its worker with it counts as lost too, so that such a job ends itself', async () => {
    const { job } = await forge.claimed({ retries: 1 })
    await forge.expire(job.id)
    expect((await recoverLostJobs(forge)).map(({ id }) => id)).toEqual([job.id])
    expect(await forge.jobs.find(job.id)).toMatchObject({ status: 'QUEUED', crashes: 1, notBefore: expect.any(Date) })
    await claimJob(forge, job.id, place)
    await forge.expire(job.id)
    await recoverLostJobs(forge)
    expect(await forge.jobs.find(job.id)).toMatchObject({
      status: 'FAILED',
      crashes: 2,
      finishedAt: expect.any(Date),
      error: { code: 'INTERNAL', message: expect.stringContaining('no sign of life') },
    })
    expect(await recoverLostJobs(forge)).toEqual([])
    expect((await forge.topics()).slice(-2)).toEqual(['job.started', 'job.failed'])

    expect(await retryJob(forge, identity, job.id)).toMatchObject({ status: 'QUEUED', crashes: 0, finishedAt: null })
    expect(await claimJob(forge, job.id, place)).toMatchObject({ attempt: { number: 3 } })
  })

  it('keeps the best checkpoints besides the last', async () => {
    const claim = await forge.claimed({ config: { keepLast: 1, keepBest: 2 } })
    for (const [step, validationLoss] of [
      [10, 3],
      [20, 1],
      [30, 2],
      [40, undefined],
      [50, 5],
    ] as const) {
      await recordCheckpoint(forge, claim, { step, digest: digestOf(String(step / 10)), sizeBytes: 1, validationLoss })
    }
    expect(await forge.checkpoints.ofJob(claim.job.id)).toMatchObject([
      { step: 50, validationLoss: 5 },
      { step: 30, validationLoss: 2 },
      { step: 20, validationLoss: 1 },
    ])
    expect(forge.removed).toEqual([digestOf('1'), digestOf('4')])
  })

  it('holds its job while it gives signs of life', async () => {
    const claim = await forge.claimed()
    await forge.expire(claim.job.id)
    expect(await forge.attempts.renew(claim.attempt)).toBe('RUNNING')
    expect(await recoverLostJobs(forge)).toEqual([])
  })
})
