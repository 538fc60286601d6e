import { expect, it } from 'vitest'
import { newId } from '../../../../kernel/ids.ts'
import { claimJob, pauseAttempt } from '../../../../subgraphs/training/attempts/service.ts'
import { advanced, cancelled } from '../../../../subgraphs/training/sweeps/changes.ts'
import { withLoss } from '../../../../subgraphs/training/sweeps/moves.ts'
import type { Sweep } from '../../../../subgraphs/training/sweeps/sweep.ts'
import { place, trainingStores } from '../stores.ts'
import { sweepStage } from './stage.ts'

const now = new Date('2026-03-01T12:00:00.000Z')

/** A sweep of three trials with rungs at 1, 3 and 9 steps, as the service makes it. */
async function drafted(datasetId: string, change: Partial<Sweep> = {}): Promise<Sweep> {
  const { id: _id, ...sweep } = await sweepStage().start({ trials: 3, eta: 3, minSteps: 1, parallel: 3 })
  const trials = sweep.trials.map(trial => ({ ...trial, job: null }))
  return { ...sweep, id: newId('sweep'), trials, shared: { ...sweep.shared, datasetId }, createdAt: now, ...change }
}
const started = ({ id }: Sweep) => ({ topic: 'sweep.started', data: { sweepId: id } }) as const

it('gives a sweep back as it was added, and the earlier one of an idempotency key', async () => {
  await using forge = await trainingStores()
  const sweep = await drafted(forge.dataset.id, { idempotencyKey: 'once' })
  await forge.sweeps.add(sweep, started(sweep))
  expect(await forge.sweeps.find(sweep.id)).toEqual(sweep)
  const twin = await drafted(forge.dataset.id, { idempotencyKey: 'once' })
  expect((await forge.sweeps.add(twin, started(twin))).id).toBe(sweep.id)
  expect(await forge.sweeps.find(twin.id)).toBeNull()
  expect((await forge.sweeps.findByIdempotencyKey('default', 'once'))?.id).toBe(sweep.id)
  const other = await drafted(forge.dataset.id)
  await forge.sweeps.add(other, started(other))
  const page = { limit: 10, inverted: false }
  expect((await forge.sweeps.list('default', page)).map(({ id }) => id)).toEqual([other.id, sweep.id])
  expect(await forge.sweeps.list('elsewhere', page)).toEqual([])
  expect(await forge.topics()).toEqual(['sweep.started', 'sweep.started'])
  // Its text must stay for the trials that have not begun.
  expect(await forge.datasets.remove(forge.dataset.id)).toBe(false)
})

it('begins, promotes and ends trials with their events, and two deciders at once decide once', async () => {
  await using forge = await trainingStores()
  const { sweeps } = forge
  const sweep = await drafted(forge.dataset.id)
  await sweeps.add(sweep, started(sweep))
  const look = () => sweeps.change(sweep.id, seen => advanced(seen, now))
  await Promise.all([look(), look(), look()])
  expect(await forge.db.job.count()).toBe(3)
  expect(await forge.topics()).toEqual(['sweep.started', 'job.queued', 'job.queued', 'job.queued', 'sweep.progressed'])

  const begun = (await sweeps.find(sweep.id))!
  for (const { job, number } of begun.trials) {
    expect(await sweeps.ofJob(job!.id)).toBe(sweep.id)
    const claim = await claimJob(forge, job!.id, place)
    if (typeof claim === 'string') throw new Error(claim)
    expect(claim.job).toMatchObject({ sweepId: sweep.id, pauseAt: 1 })
    await pauseAttempt(forge, claim, 1, 5 - number)
    await sweeps.change(sweep.id, seen =>
      advanced(seen, now, withLoss(seen.trials[number - 1]!, [1, 3, 9], 1, 5 - number)),
    )
  }
  const after = (await sweeps.find(sweep.id))!
  expect(after.trials.map(({ rung, losses, job }) => [rung, losses, job!.status, job!.pauseAt])).toEqual([
    [0, [4], 'PAUSED', 1],
    [0, [3], 'PAUSED', 1],
    [1, [2], 'QUEUED', 3],
  ])
  expect((await forge.topics()).slice(-2)).toEqual(['job.resumed', 'sweep.progressed'])

  await sweeps.change(sweep.id, seen => cancelled(seen, now))
  const over = (await sweeps.find(sweep.id))!
  expect(over).toMatchObject({ status: 'CANCELLED', finishedAt: now })
  expect(over.trials.map(({ job }) => job!.status)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED'])
  expect(await sweeps.change(newId('sweep'), () => null)).toBeNull()
})

it('writes nothing of a decision that fails', async () => {
  await using forge = await trainingStores()
  const sweep = await drafted(forge.dataset.id)
  await forge.sweeps.add(sweep, started(sweep))
  const failing = forge.sweeps.change(sweep.id, seen => ({
    ...advanced(seen, now)!,
    events: () => {
      throw new Error('no event')
    },
  }))
  await expect(failing).rejects.toThrow('no event')
  expect(await forge.db.job.count()).toBe(0)
  expect((await forge.sweeps.find(sweep.id))!.trials.every(({ job }) => job === null)).toBe(true)
})
