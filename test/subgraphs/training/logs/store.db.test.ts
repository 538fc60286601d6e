import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EventData, eventData } from '../../../../schema/events.ts'
import type { Claim } from '../../../../subgraphs/training/attempts/attempt.ts'
import {
  claimJob,
  crashAttempt,
  failAttempt,
  recordCheckpoint,
  recordPoints,
  releaseAttempt,
} from '../../../../subgraphs/training/attempts/service.ts'
import { cancelJob, pauseJob, resumeJob, retryJob } from '../../../../subgraphs/training/jobs/service.ts'
import type { NewLine } from '../../../../subgraphs/training/logs/line.ts'
import { readLog } from '../../../../subgraphs/training/logs/service.ts'
import { identityOf } from '../memory.ts'
import { digestOf, place, trainingStores } from '../stores.ts'

let forge: Awaited<ReturnType<typeof trainingStores>>
beforeEach(async () => {
  forge = await trainingStores()
})
afterEach(() => forge[Symbol.asyncDispose]())

const at = new Date('2026-03-01T12:00:00.000Z')
const printed = (from: number, to: number): NewLine[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    at,
    attempt: 1,
    source: 'STDOUT',
    event: null,
    step: null,
    text: `line ${from + index}`,
  }))
const read = async ({ job }: Claim, asked: Parameters<typeof readLog>[2] = {}) =>
  (await readLog(forge, job.id, asked)).lines
const outputOf = async (claim: Claim) =>
  (await read(claim, { first: 5_000 })).filter(({ source }) => source === 'STDOUT').map(({ text }) => text)
/** Numbers of the lines that were published, in the order of their events. */
const published = async ({ job }: Claim) => {
  const rows = await forge.db.outbox.findMany({
    where: { topic: 'job.logged', key: job.id },
    orderBy: { position: 'asc' },
  })
  return rows.flatMap(({ data }) => (eventData('job.logged', data) as EventData<'job.logged'>).lines)
}

describe('the log of a job', () => {
  it('tells its course, with the reason of a loss and of the end, and publishes what it stores', async () => {
    const claim = await forge.claimed()
    const validation = { name: 'validation_loss', step: 2, value: 4.25, at: at.toISOString() }
    await recordPoints(forge, claim, 2, [validation])
    await recordCheckpoint(forge, claim, { step: 2, digest: digestOf('c'), sizeBytes: 1_500_000 })
    await crashAttempt(forge, claim, 2, 'it was ended by SIGKILL')
    await forge.db.job.update({ where: { id: claim.job.id }, data: { notBefore: null } })
    const second = (await claimJob(forge, claim.job.id, place)) as Claim
    await failAttempt(forge, second, 2, { code: 'DIVERGED', message: 'the loss is NaN' })
    await retryJob(forge, identityOf(), claim.job.id)
    await cancelJob(forge, identityOf(), claim.job.id)

    const lines = await read(claim)
    expect(lines.map(({ number, attempt, event, step, text }) => [number, attempt, event, step, text])).toEqual([
      [1, 0, 'queued', null, 'queued: COGNATE of moby, 100 steps'],
      [2, 1, 'started', 0, 'attempt 1 starts at step 0 of 100 on node_1 with onnx'],
      [3, 1, 'validated', 2, 'step 2: validation loss 4.25'],
      [4, 1, 'checkpointed', 2, `step 2: checkpoint of 1.5 MB, ${digestOf('c')}`],
      [5, 1, 'lost', 2, 'attempt 1 was lost because it was ended by SIGKILL; the next one begins in 1 s'],
      [6, 2, 'started', 2, 'attempt 2 starts at step 2 of 100 on node_1 with onnx'],
      [7, 2, 'failed', 2, 'failed at step 2: DIVERGED: the loss is NaN'],
      [8, 2, 'queued', null, 'queued for another try'],
      [9, 2, 'cancelled', 2, 'cancelled at step 2'],
    ])
    expect(await published(claim)).toEqual(lines.map(line => ({ ...line, at: line.at.toISOString() })))
    const events = await forge.db.outbox.findMany({ orderBy: { position: 'asc' } })
    // Whoever follows to the end has the last line before it.
    expect(events.slice(-2).map(({ topic }) => topic)).toEqual(['job.logged', 'job.cancelled'])
  })

  it('says once that a job was asked to pause, and once where it then stands', async () => {
    const claim = await forge.claimed()
    await pauseJob(forge, identityOf(), claim.job.id)
    await recordPoints(forge, claim, 4, [])
    await releaseAttempt(forge, claim, 4)
    await resumeJob(forge, identityOf(), claim.job.id)
    // It waits for a machine: there is nobody who would have to let go of it first.
    await pauseJob(forge, identityOf(), claim.job.id)

    const lines = (await read(claim)).slice(2)
    expect(lines.map(({ event, step, text }) => [event, step, text])).toEqual([
      ['pausing', 0, 'to be paused, asked for at step 0'],
      ['paused', 4, 'paused at step 4'],
      ['resumed', 4, 'to be resumed from step 4'],
      ['paused', 4, 'paused at step 4'],
    ])
  })

  it('says once where a job stands that was asked to pause, to go on and to pause before its worker let go', async () => {
    const claim = await forge.claimed()
    for (const ask of [pauseJob, resumeJob, pauseJob]) await ask(forge, identityOf(), claim.job.id)
    await releaseAttempt(forge, claim, 4)
    const told = (await read(claim)).slice(2).map(({ event }) => event)
    expect(told).toEqual(['pausing', 'resumed', 'pausing', 'paused'])
  })

  it('is read in stretches and from its end, over any border of its rows', async () => {
    const claim = await forge.claimed()
    await forge.attempts.print(claim.attempt, 0, printed(3, 600))
    expect((await read(claim, { after: 120, first: 20 })).map(({ text }) => text)).toEqual(
      printed(121, 140).map(({ text }) => text),
    )
    expect((await read(claim, { tail: 2 })).map(({ number }) => number)).toEqual([599, 600])
    expect((await read(claim)).map(({ number }) => number)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
    expect(await readLog(forge, claim.job.id, { after: 600 })).toEqual({ total: 600, lines: [] })
    expect(() => readLog(forge, claim.job.id, { first: 5_001 })).toThrow(/0 to 5000/)
  })

  it('has each line once when a write is repeated because its answer was lost', async () => {
    const claim = await forge.claimed()
    await forge.attempts.print(claim.attempt, 0, printed(1, 3))
    await forge.attempts.print(claim.attempt, 0, printed(1, 3))
    await forge.attempts.print(claim.attempt, 2, printed(3, 5))
    expect(await outputOf(claim)).toEqual(printed(1, 5).map(({ text }) => text))
    const numbers = (await published(claim)).map(({ number }) => number)
    expect(numbers).toEqual(Array.from({ length: 7 }, (_, index) => index + 1))
  })

  it('refuses what an older attempt prints, and counts the lines of each attempt by themselves', async () => {
    const first = await forge.claimed()
    await forge.attempts.print(first.attempt, 0, printed(1, 2))
    await crashAttempt(forge, first, 0, 'it was ended by SIGKILL')
    await forge.db.job.update({ where: { id: first.job.id }, data: { notBefore: null } })
    const second = (await claimJob(forge, first.job.id, place)) as Claim
    expect(await forge.attempts.print(first.attempt, 2, printed(90, 99))).toBeNull()
    expect(await forge.attempts.print(second.attempt, 0, printed(3, 4))).toBe('RUNNING')
    expect(await outputOf(first)).toEqual(printed(1, 4).map(({ text }) => text))
  })
})
