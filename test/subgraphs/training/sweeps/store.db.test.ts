import { execute, parse } from 'graphql'
import { expect, it } from 'vitest'
import { newId } from '../../../../kernel/ids.ts'
import type { JobStatus } from '../../../../schema/values.ts'
import { claimJob, pauseAttempt } from '../../../../subgraphs/training/attempts/service.ts'
import { schema } from '../../../../subgraphs/training/graph.ts'
import { advanced, cancelled } from '../../../../subgraphs/training/sweeps/changes.ts'
import { withLoss } from '../../../../subgraphs/training/sweeps/moves.ts'
import { ranked, type Sweep, sweepProgress, tallied, trialCount } from '../../../../subgraphs/training/sweeps/sweep.ts'
import { identityOf } from '../memory.ts'
import { place, trainingStores } from '../stores.ts'
import { sweepStage, wholeSweep } from './stage.ts'

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
  expect(await wholeSweep(forge.sweeps, sweep.id)).toEqual(sweep)
  const twin = await drafted(forge.dataset.id, { idempotencyKey: 'once' })
  expect((await forge.sweeps.add(twin, started(twin))).id).toBe(sweep.id)
  expect(await forge.sweeps.find(twin.id)).toBeNull()
  const other = await drafted(forge.dataset.id)
  await forge.sweeps.add(other, started(other))
  const page = { limit: 10, inverted: false }
  expect((await forge.sweeps.list('default', page)).map(({ id }) => id)).toEqual([other.id, sweep.id])
  expect(await forge.sweeps.list('elsewhere', page)).toEqual([])
  expect(await forge.topics()).toEqual(['sweep.started', 'sweep.started'])
  // Its text must stay for the trials that have not begun.
  expect(await forge.datasets.remove(forge.dataset)).toBe(false)
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

  const begun = await wholeSweep(sweeps, sweep.id)
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
  const after = await wholeSweep(sweeps, sweep.id)
  expect(after.trials.map(({ rung, losses, job }) => [rung, losses, job!.status, job!.pauseAt])).toEqual([
    [0, [4], 'PAUSED', 1],
    [0, [3], 'PAUSED', 1],
    [1, [2], 'QUEUED', 3],
  ])
  expect((await forge.topics()).slice(-2)).toEqual(['job.resumed', 'sweep.progressed'])

  await sweeps.change(sweep.id, seen => cancelled(seen, now))
  const over = await wholeSweep(sweeps, sweep.id)
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
  expect((await forge.sweeps.trials(sweep.id)).every(({ job }) => job === null)).toBe(true)
})

/** Rungs, losses and states of trials that leave nothing out: none, some and all rungs, ties, every end of a job. */
const courses: readonly (readonly [number, readonly number[], JobStatus | null, number])[] = [
  [0, [], null, 0],
  [0, [], 'RUNNING', 1],
  [0, [3], 'PAUSED', 1],
  [1, [4, 2.5], 'CANCELLED', 3],
  [2, [6, 4, 2], 'COMPLETED', 9],
  [2, [5, 3, 2], 'COMPLETED', 9],
  [1, [1], 'FAILED', 2],
]

/** A sweep whose trials have come to `courses`. */
async function sweepWithCourses(forge: Awaited<ReturnType<typeof trainingStores>>, change: Partial<Sweep> = {}) {
  const drawn = await drafted(forge.dataset.id, change)
  const trials = courses.map((_, index) => ({ ...drawn.trials[0]!, number: index + 1 }))
  const sweep = { ...drawn, trials }
  await forge.sweeps.add(sweep, started(sweep))
  for (const [index, [rung, losses, status, step]] of courses.entries()) {
    const job = status && (await forge.addJob({ sweepId: sweep.id, status, step }))
    await forge.db.trial.update({
      where: { sweepId_number: { sweepId: sweep.id, number: index + 1 } },
      data: { rung, losses: [...losses], jobId: job?.id ?? null },
    })
  }
  return sweep.id
}

it('tells of a sweep without its trials what these come to', async () => {
  await using forge = await trainingStores()
  const id = await sweepWithCourses(forge)
  const sweep = await wholeSweep(forge.sweeps, id)
  const tallies = await forge.sweeps.tallies(id)
  expect(trialCount(tallies)).toBe(courses.length)
  expect(sweepProgress(sweep, tallies)).toBe(sweepProgress(sweep, tallied(sweep.trials)))
  expect(await forge.sweeps.leader(id)).toEqual(ranked(sweep.trials)[0])
  // What became a version stays the best, whatever another has come to since.
  await forge.db.sweep.update({ where: { id }, data: { best: 3 } })
  expect(await forge.sweeps.leader(id)).toMatchObject({ number: 3 })

  const fresh = await drafted(forge.dataset.id)
  await forge.sweeps.add(fresh, started(fresh))
  expect(await forge.sweeps.leader(fresh.id)).toBeNull()
})

it('lists many sweeps with as many statements as one, and reads trials only where they are asked for', async () => {
  await using forge = await trainingStores()
  const ask = (first: number, fields: string) =>
    forge.statementsOf(async () => {
      const document = parse(`{ sweeps(first: ${first}) { edges { node { id ${fields} } } } }`)
      const answer = await execute({ schema, document, contextValue: { ...forge, identity: identityOf() } })
      expect(answer).toMatchObject({ data: { sweeps: { edges: { length: first } } } })
    })
  for (let count = 0; count < 5; count++) await sweepWithCourses(forge)

  const summary = 'status progress trialCount best { number loss job { id } }'
  const ofOne = await ask(1, summary)
  const ofMany = await ask(5, summary)
  expect(ofMany.length).toBe(ofOne.length)
  const trialRows = (statements: typeof ofMany) =>
    statements.filter(({ text }) => text.includes('"config"') && text.includes('"trial"')).map(({ rows }) => rows)
  expect(trialRows(ofMany)).toEqual([5])

  const withTrials = await ask(5, 'trials { number status }')
  expect(trialRows(withTrials)).toEqual([5 * courses.length])
  expect(withTrials.length).toBeLessThanOrEqual(3)
})
