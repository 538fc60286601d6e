import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeCursor } from '../../../kernel/bus/cursor.ts'
import { newId } from '../../../kernel/ids.ts'
import type { TrainingProgress } from '../../../subgraphs/realtime/progress/progress.ts'
import { followJob, followRun } from '../../../subgraphs/realtime/progress/service.ts'
import { until } from '../../support/condition.ts'
import { job, openStage, run, stranger, take, toEnd, viewer } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

const follow = (id: string, after?: string, identity = viewer) => followJob(stage.parts, identity, { id, after })
const publish = (...events: Parameters<typeof stage.bus.publish>[0]) => stage.bus.publish(events)
const lossSteps = (events: readonly TrainingProgress[]) =>
  events.flatMap(({ points }) => points.filter(({ name }) => name === 'loss').map(({ step }) => step))

/** Lets the stream come to the end of the log, which takes no timer there, and gives it one live event. */
async function goLive<T>(stream: AsyncGenerator<T, void>, publishOne: () => Promise<void>): Promise<T> {
  const next = stream.next()
  await new Promise(setImmediate)
  await publishOne()
  return (await next).value as T
}

describe('the progress of a job', () => {
  it('begins with its first event however late one subscribes, and ends with its last', async () => {
    await publish(job.queued('job_1'), job.started('job_1'), job.progressed('job_1', 1), job.progressed('job_2', 9))
    const stream = await follow('job_1')
    const first = await stream.next()
    expect(first.value).toMatchObject({ jobId: 'job_1', status: 'RUNNING', step: 1, totalSteps: 100, gap: null })

    await publish(job.progressed('job_1', 2))
    const second = await stream.next()
    expect(second.value).toMatchObject({ step: 2, metrics: [{ name: 'loss', value: 5 }, { value: 1_002 }] })
    expect(lossSteps([second.value as TrainingProgress])).toEqual([2])

    await publish(job.cancelled('job_1', 2))
    expect((await stream.next()).value).toMatchObject({ status: 'CANCELLED', points: [] })
    expect((await stream.next()).done).toBe(true)
  })

  it('gives all of a finished job at once, and nothing to whoever has had its end', async () => {
    await publish(job.queued('job_1'), job.started('job_1'), job.progressed('job_1', 1), job.cancelled('job_1', 1))
    const all = await toEnd(await follow('job_1'))
    expect(all.map(({ status }) => status)).toEqual(['CANCELLED'])
    expect(lossSteps(all)).toEqual([1])
    expect(await toEnd(await follow('job_1', all.at(-1)!.cursor))).toEqual([])
  })

  it('tells the final state of a job whose events are no longer kept', async () => {
    await using brief = await openStage({ keep: () => 1 })
    await brief.bus.publish([job.queued('job_1'), job.progressed('job_1', 40), job.cancelled('job_1', 40)])
    for (const event of await brief.bus.read({ topics: ['job.queued', 'job.cancelled'] })) await brief.remember(event)
    const cursor = encodeCursor({ bus: brief.bus.id, position: '1' })
    await until('nothing kept', async () => {
      await brief.bus.sweep()
      return (await brief.bus.read({})).length === 0
    })
    const [final, ...more] = await toEnd(await followJob(brief.parts, viewer, { id: 'job_1' }))
    expect(final).toMatchObject({ status: 'CANCELLED', step: 40, totalSteps: 100, points: [], gap: null })
    expect(more).toEqual([])

    const [resumed] = await toEnd(await followJob(brief.parts, viewer, { id: 'job_1', after: cursor }))
    expect(resumed).toMatchObject({ status: 'CANCELLED', gap: { from: cursor, missed: null } })
  })

  it('goes on with a job that failed and was tried again', async () => {
    await publish(job.queued('job_1'), job.started('job_1'), job.failed('job_1', 3), job.queued('job_1'))
    const stream = await follow('job_1')
    expect((await stream.next()).value).toMatchObject({ status: 'QUEUED' })
    await publish(job.started('job_1', 3), job.failed('job_1', 4))
    const rest = await toEnd(stream)
    expect(rest.at(-1)).toMatchObject({ status: 'FAILED', step: 4 })
  })

  it('does not take for its end what happens right after it was read', async () => {
    await publish(job.queued('job_1'))
    const late = [job.cancelled('job_1', 0)]
    const log = {
      ...stage.bus,
      async read(query: Parameters<typeof stage.bus.read>[0]) {
        const page = await stage.bus.read(query)
        if (page.length === 0) await stage.bus.publish(late.splice(0))
        return page
      },
    }
    const all = await toEnd(await followJob({ ...stage.parts, log }, viewer, { id: 'job_1' }))
    expect(all.map(({ status }) => status)).toEqual(['QUEUED', 'CANCELLED'])
  })

  it('merges what waits for a slow reader into one event, with every point and the newest metrics', async () => {
    await publish(job.queued('job_1'))
    const stream = await follow('job_1')
    await stream.next()
    await goLive(stream, () => publish(job.started('job_1')))
    for (let step = 1; step <= 50; step++) await publish(job.progressed('job_1', step))
    await until('fifty events waiting', () => stage.ears[0]!.waiting === 50)
    const { value: merged } = (await stream.next()) as { value: TrainingProgress }
    expect(lossSteps([merged])).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
    expect(merged).toMatchObject({ step: 50, metrics: [{ name: 'loss', value: 0.2 }, { value: 1_050 }] })
    await stream.return()
  })

  it('loses nothing of what overflows the queue of a slow reader', async () => {
    await using small = await openStage({ queue: 5 })
    await small.bus.publish([job.queued('job_1')])
    const stream = await followJob(small.parts, viewer, { id: 'job_1' })
    await stream.next()
    await goLive(stream, () => small.bus.publish([job.started('job_1')]))
    for (let step = 1; step <= 40; step++) await small.bus.publish([job.progressed('job_1', step)])
    await small.bus.publish([job.cancelled('job_1', 40)])
    await until('a full queue', () => small.ears[0]!.waiting === 5)
    const rest = await toEnd(stream)
    expect(lossSteps(rest)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    expect(rest.every(({ gap }) => gap === null)).toBe(true)
  })

  it('does not let a reader that reads nothing slow another', async () => {
    await publish(job.queued('job_1'))
    const slow = await follow('job_1')
    await slow.next()
    const fast = await follow('job_1')
    await fast.next()
    for (let step = 1; step <= 20; step++) {
      const next = fast.next()
      await publish(job.progressed('job_1', step))
      expect(((await next).value as TrainingProgress).step).toBe(step)
    }
    await Promise.all([slow.return(), fast.return()])
  })

  it('ends at once when its reader leaves, though nothing happens', async () => {
    await publish(job.queued('job_1'))
    const stream = await follow('job_1')
    await stream.next()
    const pending = stream.next()
    await stream.return()
    expect((await pending).done).toBe(true)
  })
})

describe('an id', () => {
  it.each(['job_none', 'job_01JA0000000000000000000000', 'job_zzzzzzzzzzzzzzzzzzzzzzzzzz'])(
    'that nobody knows is NOT_FOUND at once: %s',
    async id => {
      const began = performance.now()
      await expect(follow(id)).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(`"${id}"`) })
      expect(performance.now() - began).toBeLessThan(1_500)
    },
  )

  it('that was made just now is waited for, and is NOT_FOUND within three seconds', async () => {
    const began = performance.now()
    await expect(follow(newId('job'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(performance.now() - began).toBeGreaterThan(1_500)
  })

  it('is waited for while its first event is on the way', async () => {
    const id = newId('job')
    const opening = follow(id)
    await publish(job.queued(id), job.started(id))
    expect((await (await opening).next()).value).toMatchObject({ jobId: id })
  })

  it('of another project, or of a run, is NOT_FOUND', async () => {
    await publish(job.queued('job_1'), run('run.started', 'run_1', 'RUNNING', 0))
    await expect(follow('job_1', undefined, stranger)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(follow('run_1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await (await follow('job_1', undefined, { ...stranger, project: '*' })).next()).done).toBe(false)
  })
})

describe('a cursor', () => {
  const published = () => publish(job.queued('job_1'), job.started('job_1'), job.cancelled('job_1', 0))

  it.each(['', 'rubbish', 'W10', Buffer.from('["bus"]').toString('base64url')])(
    '"%s" is INVALID_INPUT',
    async after => {
      await published()
      await expect(follow('job_1', after)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    },
  )

  it('of this log with a position that it never gave is INVALID_INPUT', async () => {
    await published()
    const after = encodeCursor({ bus: stage.bus.id, position: "1' OR 1=1" })
    await expect(follow('job_1', after)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('of another log gives the job from its beginning, and a gap', async () => {
    await published()
    const after = encodeCursor({ bus: 'bus_other', position: '7' })
    const [first, ...rest] = await toEnd(await follow('job_1', after))
    expect(first).toMatchObject({ status: 'CANCELLED', gap: { from: after, missed: null } })
    expect(first!.gap!.reason).toContain('another event log')
    expect(rest).toEqual([])
  })

  it('from ahead of the log gives a gap too: the log was set back', async () => {
    await published()
    const after = encodeCursor({ bus: stage.bus.id, position: '999' })
    expect((await toEnd(await follow('job_1', after)))[0]!.gap!.reason).toContain('set back')
  })

  it('older than the log keeps its events gives a gap up to the newest that was dropped', async () => {
    await using brief = await openStage({ keep: topic => (topic === 'job.progressed' ? 1 : 60_000) })
    await brief.bus.publish([job.queued('job_1')])
    const [first] = await take(1, await followJob(brief.parts, viewer, { id: 'job_1' }))
    await brief.bus.publish([job.progressed('job_1', 1), job.progressed('job_1', 2), job.cancelled('job_1', 2)])
    await until('progress dropped', async () => {
      await brief.bus.sweep()
      return (await brief.bus.read({})).length === 2
    })
    const rest = await toEnd(await followJob(brief.parts, viewer, { id: 'job_1', after: first!.cursor }))
    expect(rest).toHaveLength(1)
    expect(rest[0]).toMatchObject({ status: 'CANCELLED', gap: { from: first!.cursor, missed: null } })
    expect(rest[0]!.gap!.to).toBe(encodeCursor({ bus: brief.bus.id, position: '3' }))
  })
})

describe('the progress of a run', () => {
  it('gives every change of it, and ends when it has finished', async () => {
    await publish(run('run.started', 'run_1', 'RUNNING', 0), run('run.progressed', 'run_1', 'RUNNING', 0.5))
    const stream = await followRun(stage.parts, viewer, { id: 'run_1' })
    const [first, second] = [await stream.next(), await stream.next()]
    expect(first.value).toMatchObject({ runId: 'run_1', status: 'RUNNING', progress: 0 })
    expect(second.value).toMatchObject({ progress: 0.5, steps: [{ name: 'pretrain', jobId: 'job_1' }] })
    await publish(run('run.finished', 'run_1', 'COMPLETED', 1))
    expect((await toEnd(stream)).map(({ status }) => status)).toEqual(['COMPLETED'])
  })

  it('says what a slow reader has missed', async () => {
    await using small = await openStage({ queue: 3 })
    await small.bus.publish([run('run.started', 'run_1', 'RUNNING', 0)])
    const stream = await followRun(small.parts, viewer, { id: 'run_1' })
    await stream.next()
    const last = await goLive(stream, () => small.bus.publish([run('run.progressed', 'run_1', 'RUNNING', 0.1)]))
    for (let i = 2; i <= 10; i++) await small.bus.publish([run('run.progressed', 'run_1', 'RUNNING', i / 10)])
    await until('a full queue', () => small.ears[0]!.waiting === 3)
    const [after, ...more] = await take(3, stream)
    expect(after).toMatchObject({ progress: 0.8, gap: { from: last.cursor, missed: 6 } })
    expect(after!.gap!.to).toBe(encodeCursor({ bus: small.bus.id, position: '8' }))
    expect(more.map(({ progress, gap }) => [progress, gap])).toEqual([
      [0.9, null],
      [1, null],
    ])
  })
})
