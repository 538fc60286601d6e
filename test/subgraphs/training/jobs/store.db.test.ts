import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobQueued, placeOf } from '../../../../subgraphs/training/jobs/job.ts'
import { newDataset, newJob, trainingStores } from '../stores.ts'

let forge: Awaited<ReturnType<typeof trainingStores>>
beforeAll(async () => {
  forge = await trainingStores()
})
afterAll(() => forge[Symbol.asyncDispose]())

const page = { limit: 20, inverted: false }

describe('the jobs in PostgreSQL', () => {
  it('come back as they were', async () => {
    const job = await forge.addJob({ labels: ['a', 'b'], config: { model: { width: 128 }, grokfast: null } })
    expect(await forge.jobs.find(job.id)).toEqual(job)
    expect(await forge.jobs.find('job_nothing')).toBeNull()
  })

  it('are one for one idempotency key, also when asked for at the same time', async () => {
    // More than the pool has connections: those that wait must not keep the one that works from going on.
    const jobs = Array.from({ length: 60 }, () => newJob(forge.dataset.id, { idempotencyKey: 'once' }))
    const stored = await Promise.all(jobs.map(job => forge.jobs.add(job, jobQueued(job))))
    expect(new Set(stored.map(({ id }) => id)).size).toBe(1)
    const keys = jobs.map(({ id }) => id)
    expect(await forge.db.outbox.count({ where: { key: { in: keys }, topic: 'job.queued' } })).toBe(1)
  })

  it('are one for one step of a run', async () => {
    const place = { runId: 'run_1', stepName: 'cognate' }
    const [one, two] = [await forge.addJob(place), await forge.addJob(place)]
    expect(two.id).toBe(one.id)
    expect((await forge.jobs.ofRun('run_1')).map(({ id }) => id)).toEqual([one.id])
  })

  it('change only as they were decided on', async () => {
    const job = await forge.addJob()
    const event = { topic: 'job.paused', data: placeOf(job) } as const
    const changes = await Promise.all(
      Array.from({ length: 5 }, () => forge.jobs.transition(job, { status: 'PAUSED' }, event)),
    )
    expect(changes.filter(Boolean)).toMatchObject([{ status: 'PAUSED', revision: 1 }])
    expect(await forge.db.outbox.count({ where: { key: job.id, topic: 'job.paused' } })).toBe(1)
  })

  it('are listed newest first, by project and filter, page after page', async () => {
    const mine = []
    for (let index = 0; index < 5; index++)
      mine.push(await forge.addJob({ project: 'paged', labels: [`l${index % 2}`] }))
    const newest = mine.map(({ id }) => id).reverse()
    const ids = async (filter: object, part: object) =>
      (await forge.jobs.list('paged', filter, { ...page, ...part })).map(({ id }) => id)
    expect(await ids({}, {})).toEqual(newest)
    expect(await ids({}, { limit: 2, after: newest[1] })).toEqual(newest.slice(2, 4))
    expect(await ids({ label: 'l0' }, {})).toEqual([newest[0], newest[2], newest[4]])
    expect(await ids({ status: ['RUNNING'] }, {})).toEqual([])
    expect((await forge.jobs.list('*', {}, { ...page, limit: 100 })).length).toBeGreaterThan(5)
  })

  it('answer a hundred references with one statement', async () => {
    const jobs = await Promise.all(Array.from({ length: 100 }, () => forge.addJob({ project: 'many' })))
    const statements = await forge.statementsOf(async () => {
      const found = await Promise.all(jobs.map(({ id }) => forge.jobs.find(id)))
      expect(found.map(job => job?.id)).toEqual(jobs.map(({ id }) => id))
    })
    expect(statements.filter(({ text }) => text.startsWith('SELECT'))).toHaveLength(1)
  })
})

describe('the datasets in PostgreSQL', () => {
  it('are found by id or name, the own before those of everybody', async () => {
    const shared = await forge.datasets.add(newDataset({ project: '*', name: 'both' }))
    expect((await forge.datasets.resolve('default', 'both'))?.id).toBe(shared.id)
    const own = await forge.datasets.add(newDataset({ name: 'both' }))
    expect((await forge.datasets.resolve('default', 'both'))?.id).toBe(own.id)
    expect((await forge.datasets.resolve('other', own.id)) ?? null).toBeNull()
    expect(await forge.datasets.find(own.id)).toEqual(own)
  })

  it('stay while a job depends on them', async () => {
    await forge.addJob()
    expect(await forge.datasets.remove(forge.dataset)).toBe(false)
    const unused = await forge.datasets.add(newDataset({ name: 'unused' }))
    expect(await forge.datasets.remove(unused)).toBe(true)
    expect(await forge.datasets.find(unused.id)).toBeNull()
  })
})
