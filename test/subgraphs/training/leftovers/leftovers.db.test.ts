import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../../../../kernel/ids.ts'
import type { JobStatus } from '../../../../schema/values.ts'
import { claimJob } from '../../../../subgraphs/training/attempts/service.ts'
import type { TrainingJob } from '../../../../subgraphs/training/jobs/job.ts'
import { retryJob } from '../../../../subgraphs/training/jobs/service.ts'
import { collectLeftovers } from '../../../../subgraphs/training/leftovers/service.ts'
import { leftoverStore } from '../../../../subgraphs/training/leftovers/store.ts'
import { readLog } from '../../../../subgraphs/training/logs/service.ts'
import { identityOf } from '../memory.ts'
import { digestOf, place, trainingStores } from '../stores.ts'
import { sweepStage } from '../sweeps/stage.ts'

const hour = 3_600_000
const now = new Date('2026-03-20T12:00:00.000Z')
const ago = (hours: number) => new Date(now.getTime() - hours * hour)
const week = 168

let forge: Awaited<ReturnType<typeof trainingStores>>
/** Digests of the blobs that are there. */
let stored: Set<string>
beforeEach(async () => {
  forge = await trainingStores()
  stored = new Set()
})
afterEach(() => forge[Symbol.asyncDispose]())

const blobs = { remove: async (digest: string) => void stored.delete(digest) }
const collect = () => collectLeftovers({ leftovers: leftoverStore(forge.db), blobs, now: () => now }, week * hour)

/** A job with checkpoints at steps 10, 20 and 30, the first of them the best. */
async function jobWithCheckpoints(status: JobStatus, change: Partial<TrainingJob> = {}): Promise<string> {
  const { id } = await forge.addJob({ status, finishedAt: null, ...change })
  for (const step of [10, 20, 30]) {
    const digest = `${id}/${step}`
    stored.add(digest)
    const data = { id: newId('ckpt'), jobId: id, attempt: 1, step, digest, sizeBytes: 1, validationLoss: step }
    await forge.db.checkpoint.create({ data })
  }
  return id
}

/** A sweep of so many trials without jobs, as it is before anybody has looked at it. */
async function addSweep(finishedAt: Date | null, best: number | null, trials = 3): Promise<string> {
  const drawn = await sweepStage().start({ trials, algorithm: 'RANDOM' })
  const id = newId('sweep')
  const shared = { ...drawn.shared, datasetId: forge.dataset.id }
  const without = drawn.trials.map(trial => ({ ...trial, job: null }))
  await forge.sweeps.add(
    { ...drawn, id, shared, trials: without, best, finishedAt },
    { topic: 'sweep.started', data: { sweepId: id } },
  )
  return id
}
const makeTrial = (sweepId: string, number: number, jobId: string) =>
  forge.db.trial.update({ where: { sweepId_number: { sweepId, number } }, data: { jobId } })

const stepsOf = async (jobId: string) => (await forge.checkpoints.ofJob(jobId)).map(({ step }) => step)
const storedOf = (jobId: string) => [10, 20, 30].filter(step => stored.has(`${jobId}/${step}`))

describe('the checkpoints of a job that has ended', () => {
  it('go after a while, but of a failed one the newest stay', async () => {
    const completed = await jobWithCheckpoints('COMPLETED', { finishedAt: ago(week + 1) })
    const cancelled = await jobWithCheckpoints('CANCELLED', { finishedAt: ago(week + 1) })
    const failed = await jobWithCheckpoints('FAILED', { finishedAt: ago(week + 1) })
    const recent = await jobWithCheckpoints('CANCELLED', { finishedAt: ago(week - 1) })
    const paused = await jobWithCheckpoints('PAUSED')
    await collect()
    await collect()
    for (const id of [completed, cancelled]) expect([await stepsOf(id), storedOf(id)]).toEqual([[], []])
    expect([await stepsOf(failed), storedOf(failed)]).toEqual([
      [30, 20],
      [20, 30],
    ])
    for (const id of [recent, paused])
      expect([await stepsOf(id), storedOf(id)]).toEqual([
        [30, 20, 10],
        [10, 20, 30],
      ])

    await retryJob(forge, identityOf(), failed)
    expect(await claimJob(forge, failed, place)).toMatchObject({ checkpoints: [{ step: 30 }, { step: 20 }] })
  })

  it('go with its sweep, after which a trial that is tried again begins at its first step, and says so', async () => {
    const over = await addSweep(ago(0), null)
    const running = await addSweep(null, null)
    const lost = await jobWithCheckpoints('FAILED', { sweepId: over, finishedAt: ago(0) })
    const stopped = await jobWithCheckpoints('CANCELLED', { sweepId: over, finishedAt: ago(0) })
    const waiting = await jobWithCheckpoints('PAUSED', { sweepId: running })
    const failed = await jobWithCheckpoints('FAILED', { sweepId: running, finishedAt: ago(0) })
    await collect()
    for (const id of [lost, stopped]) expect([await stepsOf(id), storedOf(id)]).toEqual([[], []])
    for (const id of [waiting, failed]) expect(await stepsOf(id)).toEqual([30, 20, 10])

    await retryJob(forge, identityOf(), lost)
    expect(await claimJob(forge, lost, place)).toMatchObject({ checkpoints: [] })
    const { lines } = await readLog(forge, lost, { tail: 1 })
    expect(lines).toMatchObject([{ text: expect.stringContaining('starts at step 0 of 100') }])
  })

  it('stay where a job is tried again in the very moment', async () => {
    const failed = await jobWithCheckpoints('FAILED', { finishedAt: ago(week + 1) })
    const leftovers = leftoverStore(forge.db)
    expect(await leftovers.checkpointed(ago(week))).toEqual([failed])
    await retryJob(forge, identityOf(), failed)
    await leftovers.dropCheckpoints(failed, blobs.remove)
    expect(await stepsOf(failed)).toEqual([30, 20, 10])
  })
})

describe('weights that became no version', () => {
  const made = async (letter: string, change: Partial<TrainingJob> = {}) =>
    (await forge.addJob({ status: 'COMPLETED', finishedAt: ago(0), weightsDigest: digestOf(letter), ...change })).id
  const dropped = async () => {
    await collect()
    await collect()
    const rows = await forge.db.outbox.findMany({ where: { topic: 'weights.dropped' }, orderBy: { position: 'asc' } })
    return rows.map(({ data }) => data)
  }

  it('are dropped, once, with the sweep whose trial has lost, and those of the best are not', async () => {
    const sweepId = await addSweep(ago(0), 2)
    const lost = await made('1', { sweepId })
    await makeTrial(sweepId, 1, lost)
    await makeTrial(sweepId, 2, await made('2', { sweepId }))
    // A setting without an effect: the same bytes as the best, which models knows.
    const twin = await made('2', { sweepId })
    await makeTrial(sweepId, 3, twin)
    expect(await dropped()).toEqual([
      { jobId: lost, digest: digestOf('1') },
      { jobId: twin, digest: digestOf('2') },
    ])
  })

  it('are kept while the sweep goes on', async () => {
    const running = await addSweep(null, null)
    await makeTrial(running, 1, await made('1', { sweepId: running }))
    expect(await dropped()).toEqual([])
  })

  it('are dropped of a rerun, and of no other job', async () => {
    await made('1')
    const rerun = await made('1', { rerunOf: 'job_origin' })
    expect(await dropped()).toEqual([{ jobId: rerun, digest: digestOf('1') }])
  })
})
