import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { followLog, type JobLogged } from '../../../subgraphs/realtime/logs/service.ts'
import type { StreamParts } from '../../../subgraphs/realtime/streams/ports.ts'
import { draft, job, openStage, stranger, take, toEnd, viewer } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

const publish = (...events: Parameters<typeof stage.bus.publish>[0]) => stage.bus.publish(events)
const follow = (id: string, from: { after?: string; afterLine?: number } = {}, identity = viewer) =>
  followLog(stage.parts, identity, { id, ...from })
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const logged = (from: number, to: number) =>
  draft('job.logged', 'job_1', {
    jobId: 'job_1',
    lines: range(from, to).map(number => ({
      number,
      at: new Date(0).toISOString(),
      attempt: 1,
      source: 'STDOUT',
      event: null,
      step: null,
      text: `line ${number}`,
    })),
  })
const numbers = (events: readonly JobLogged[]) => events.flatMap(({ lines }) => lines.map(({ number }) => number))

describe('the log of a job', () => {
  it('comes from its first line on, live, and ends with the job', async () => {
    await publish(job.queued('job_1'), logged(1, 2), job.progressed('job_1', 1))
    const stream = await follow('job_1')
    expect(numbers(await take(1, stream))).toEqual([1, 2])

    const live = await follow('job_1')
    await live.next()
    await publish(logged(3, 3))
    expect((await live.next()).value).toMatchObject({ jobId: 'job_1', gap: null, lines: [{ text: 'line 3' }] })
    await publish(logged(4, 4), job.cancelled('job_1', 1))
    expect(numbers(await toEnd(live))).toEqual([4])
  })

  it('resumes behind any cursor with each line once', async () => {
    await publish(job.queued('job_1'))
    for (let line = 1; line <= 3_000; line += 200) await publish(logged(line, line + 199))
    await publish(job.failed('job_1', 1))
    const whole = await toEnd(await follow('job_1'))
    expect(numbers(whole)).toEqual(range(1, 3_000))
    expect(whole.length).toBeGreaterThan(2)
    for (const [index, { cursor }] of whole.entries()) {
      const rest = await toEnd(await follow('job_1', { after: cursor }))
      expect([...numbers(whole.slice(0, index + 1)), ...numbers(rest)]).toEqual(range(1, 3_000))
    }
  })

  it('can begin behind a line, and says nothing of those before', async () => {
    await publish(job.queued('job_1'), logged(1, 200), logged(201, 210), job.cancelled('job_1', 0))
    expect(numbers(await toEnd(await follow('job_1', { afterLine: 205 })))).toEqual(range(206, 210))
  })

  it('reads no more of a long log than it shows of its end', async () => {
    await publish(job.queued('job_1'))
    for (let line = 1; line <= 100_000; line += 200) await publish(logged(line, line + 199))
    let read = 0
    const counted = async (events: Promise<readonly BusEvent[]>) => {
      read += (await events).length
      return events
    }
    const { bus, parts } = stage
    const log: StreamParts['log'] = {
      ...bus,
      read: query => counted(bus.read(query)),
      readBack: query => counted(bus.readBack(query)),
    }
    const stream = await followLog({ ...parts, log }, viewer, { id: 'job_1', afterLine: 99_995 })
    expect(numbers(await take(1, stream))).toEqual(range(99_996, 100_000))
    expect(read).toBeLessThan(150)
  })

  it('can begin behind a line that is still to come, and ends with a job that says no more', async () => {
    await publish(job.queued('job_1'), logged(1, 2))
    const stream = await follow('job_1', { afterLine: 3 })
    const next = stream.next()
    await publish(logged(3, 3), logged(4, 4), job.cancelled('job_1', 0))
    expect([...numbers([(await next).value as JobLogged]), ...numbers(await toEnd(stream))]).toEqual([4])
    const [end, ...others] = await toEnd(await follow('job_1', { afterLine: 4 }))
    expect(end).toMatchObject({ lines: [], gap: null })
    expect(others).toEqual([])
  })

  it('goes on with a job that failed and was tried again', async () => {
    await publish(job.queued('job_1'), logged(1, 1), job.failed('job_1', 3), logged(2, 2), job.queued('job_1'))
    const stream = await follow('job_1')
    expect(numbers(await take(1, stream))).toEqual([1, 2])
  })

  it('is not there for another project', async () => {
    await publish(job.queued('job_1'), logged(1, 1))
    await expect(follow('job_1', {}, stranger)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
