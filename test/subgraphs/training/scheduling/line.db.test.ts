import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { releaseAttempt } from '../../../../subgraphs/training/attempts/service.ts'
import type { TrainingJob } from '../../../../subgraphs/training/jobs/job.ts'
import { pauseJob, prioritizeJob, resumeJob } from '../../../../subgraphs/training/jobs/service.ts'
import { claimNext, listWaiting, reasonToWait } from '../../../../subgraphs/training/scheduling/service.ts'
import { ageMs } from '../../../../subgraphs/training/scheduling/turn.ts'
import { identityOf } from '../memory.ts'
import { place, trainingStores } from '../stores.ts'

const identity = identityOf()
const machine = { labels: ['cpu', 'zone=eu'], total: { slots: 4, memoryBytes: 8e9 } }
let forge: Awaited<ReturnType<typeof trainingStores>>
beforeEach(async () => {
  forge = await trainingStores()
})
afterEach(() => forge[Symbol.asyncDispose]())

const ago = (ms: number) => new Date(Date.now() - ms)
const add = (modelName: string, change: Partial<TrainingJob> = {}) =>
  forge.addJob({ modelName, queuedAt: new Date(), ...change })
const next = async (room = machine.total, on = machine) =>
  (await claimNext(forge, place, on, room))?.job.modelName ?? null

/** Takes all that there is, one after the other, none of which ends. */
async function taken(): Promise<(string | null)[]> {
  const names: (string | null)[] = []
  for (let name = await next(); name !== null; name = await next()) names.push(name)
  return names
}

describe('whose turn it is', () => {
  it('is by priority, and by age among equals, and changes while they wait', async () => {
    const queuedAt = ago(60_000)
    const late = await add('late', { priority: 300, queuedAt })
    await add('first', { queuedAt })
    await add('second', { queuedAt: ago(30_000) })
    await add('urgent', { priority: 0, queuedAt })
    expect(await next()).toBe('urgent')
    const moved = await prioritizeJob(forge, identity, late.id, 1)
    expect(moved).toMatchObject({ priority: 1, status: 'QUEUED', revision: 0 })
    expect(await taken()).toEqual(['late', 'first', 'second'])
  })

  it('goes round the projects, whatever they have queued', async () => {
    for (let n = 1; n <= 4; n++) await add(`many-${n}`, { queuedAt: ago(10_000 - n) })
    await add('other-1', { project: 'other' })
    await add('other-2', { project: 'other' })
    await add('third', { project: 'third' })
    const order = (await taken()).map(name => name!.split('-')[0])
    expect(order).toEqual(['many', 'other', 'third', 'many', 'other', 'many', 'many'])
  })

  it('counts what a project has running already', async () => {
    await add('a-1')
    await next()
    await add('a-2', { queuedAt: ago(5_000) })
    await add('b', { project: 'other' })
    expect(await taken()).toEqual(['b', 'a-2'])
  })

  it('comes to whoever waits long enough, before what is more urgent and before projects that have less', async () => {
    for (let n = 1; n <= 3; n++) await add('running', { priority: 0 })
    await taken()
    await add('old', { priority: 1000, queuedAt: ago(1_310 * ageMs) })
    await add('new', { project: 'other', priority: 0 })
    await add('newer', { project: 'third', priority: 0 })
    expect(await next()).toBe('old')
  })
})

describe('a machine', () => {
  it('takes only what requires no more labels, slots and memory than it has', async () => {
    await add('gpu', { requirements: ['gpu'], priority: 0 })
    await add('wide', { slots: 5, priority: 0 })
    await add('big', { memoryBytes: 9e9, priority: 0 })
    await add('here', { requirements: ['zone=eu', 'cpu'], slots: 4, memoryBytes: 8e9 })
    expect(await taken()).toEqual(['here'])
    expect(
      await next({ slots: 8, memoryBytes: 16e9 }, { labels: ['gpu'], total: { slots: 8, memoryBytes: 16e9 } }),
    ).toBe('gpu')
  })

  it('takes nothing without room, and leaves what has lost an attempt until its time', async () => {
    await add('ready')
    await add('delayed', { priority: 0, notBefore: new Date(Date.now() + 60_000) })
    expect(await next({ slots: 0, memoryBytes: 8e9 })).toBeNull()
    expect(await taken()).toEqual(['ready'])
    await forge.db.job.updateMany({ where: { modelName: 'delayed' }, data: { notBefore: ago(1) } })
    expect(await next()).toBe('delayed')
    expect(await forge.db.job.findFirst({ where: { modelName: 'delayed' } })).toMatchObject({ notBefore: null })
  })

  it('leaves a resumed job to itself until the attempt before has saved it', async () => {
    const job = await add('saving')
    const claim = (await claimNext(forge, place, machine, machine.total))!
    await pauseJob(forge, identity, job.id)
    await resumeJob(forge, identity, job.id)
    expect(await next()).toBeNull()
    await releaseAttempt(forge, claim, 0)
    expect(await next()).toBe('saving')
  })

  it('is one of many that want the same jobs, and each job goes to one', async () => {
    for (let n = 0; n < 6; n++) await add(`job-${n}`)
    const claims = await Promise.all(Array.from({ length: 6 }, () => next()))
    expect(claims.toSorted()).toEqual(Array.from({ length: 6 }, (_, n) => `job-${n}`))
  })
})

describe('trainingQueue', () => {
  it('shows the line of all projects with the jobs that one may see, and what each waits for', async () => {
    await add('theirs', { project: 'other', priority: 0 })
    await add('ours', { requirements: ['gpu'] })
    const fleet = { machines: async () => [machine], largestMemory: async () => 8e9, see: async () => {} }
    const parts = { ...forge, fleet }
    const seen = await listWaiting(parts, identity, 10)
    expect(seen.map(({ job, position, waitsFor }) => [job.modelName, position, waitsFor])).toEqual([
      ['ours', 2, 'a worker with the label "gpu"'],
    ])
    expect(await listWaiting(parts, identityOf('*'), 1)).toMatchObject([
      { position: 1, waitsFor: 'a machine with room' },
    ])
    await expect(listWaiting(parts, identity, 0)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('names a missing worker, the memory that none has, and the time of a retry', async () => {
    const job = await add('job', { memoryBytes: 9e9 })
    const now = new Date('2026-03-01T12:00:00.000Z')
    expect(reasonToWait(job, [], now)).toContain('none has reported')
    expect(reasonToWait(job, [machine], now)).toContain('1 slot, 9.0 GB of memory')
    const notBefore = new Date('2026-03-01T12:00:04.000Z')
    expect(reasonToWait({ ...job, notBefore, crashes: 2 }, [machine], now)).toContain('2026-03-01T12:00:04.000Z')
  })
})
