import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { patientLog } from '../../../subgraphs/realtime/feed/patient-log.ts'
import { followChat, followEvents, followFleet } from '../../../subgraphs/realtime/streams/service.ts'
import { until } from '../../support/condition.ts'
import { silentLog } from '../../support/silent-log.ts'
import { draft, job, openStage, run, stranger, take, viewer } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

const left = (nodeId: string) => draft('node.left', nodeId, { nodeId }, '*')

describe('events', () => {
  it('come from now on, of the own project, of the topics asked for', async () => {
    await stage.bus.publish([job.queued('job_before')])
    const all = await followEvents(stage.parts, viewer, {})
    const runs = await followEvents(stage.parts, viewer, { topics: ['run.started'] })
    await stage.bus.publish([
      job.queued('job_1'),
      job.queued('job_2', 'other'),
      run('run.started', 'run_1', 'RUNNING', 0),
    ])
    expect((await take(2, all)).map(({ key, topic }) => [key, topic])).toEqual([
      ['job_1', 'job.queued'],
      ['run_1', 'run.started'],
    ])
    const [started] = await take(1, runs)
    expect(started).toMatchObject({ key: 'run_1', project: 'default', gap: null, data: { pipeline: 'cognate' } })
  })

  it('of the fleet belong to no project, and are for whoever may see the fleet', async () => {
    const stream = await followEvents(stage.parts, stranger, {})
    const blind = { ...viewer, scopes: viewer.scopes.filter(scope => scope !== 'monitoring:read') }
    const without = await followEvents(stage.parts, blind, {})
    await stage.bus.publish([left('node_1'), job.queued('job_1')])
    expect((await take(1, stream))[0]).toMatchObject({ key: 'node_1', project: '*' })
    expect((await take(1, without))[0]).toMatchObject({ key: 'job_1' })
    await expect(followEvents(stage.parts, blind, { topics: ['node.left'] })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('monitoring:read'),
    })
  })

  it.each([
    [['job.invented'], 'job.invented'],
    [[], 'topics'],
  ])('refuse the topics %j', async (topics, named) => {
    await expect(followEvents(stage.parts, viewer, { topics })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(named),
    })
  })
})

describe('the replies of a chat', () => {
  const piece = (chatId: string, index: number, project?: string) =>
    draft('chat.progressed', chatId, { chatId, messageId: 'msg_1', index, text: `piece ${index}`, end: null }, project)

  it('come piece by piece from now on, of this chat and the own project', { timeout: 10_000 }, async () => {
    await stage.bus.publish([piece('chat_1', 0)])
    const stream = await followChat(stage.parts, viewer, 'chat_1')
    const two = take(2, stream)
    await until('the stream listens', () => stage.ears.length === 1)
    await stage.bus.publish([piece('chat_2', 7), piece('chat_1', 8, 'other'), piece('chat_1', 1), piece('chat_1', 2)])
    expect((await two).map(({ index, text }) => [index, text])).toEqual([
      [1, 'piece 1'],
      [2, 'piece 2'],
    ])
    expect(stage.left).toEqual(['chat_1'])
  })

  it.each(['', 'job_1', `chat_${'x'.repeat(1_000)}`])(
    'of %j, which is no chat, make no event when their reader leaves',
    async id => {
      const before = stage.left.length
      const ears = stage.ears.length
      const stream = await followChat(stage.parts, viewer, id)
      const next = stream.next()
      await until('the stream listens', () => stage.ears.length > ears)
      await stream.return()
      await next
      expect(stage.left).toHaveLength(before)
    },
  )
})

describe('a log that does not answer', () => {
  const failing = (times: number) => {
    let left = times
    const flaky = {
      ...stage.bus,
      read: async (query: Parameters<typeof stage.bus.read>[0]) => {
        if (left-- > 0) throw new Error('connection lost')
        return stage.bus.read(query)
      },
    }
    return { ...stage.parts, log: patientLog(flaky, silentLog) }
  }

  it('is asked again, and the stream goes on', async () => {
    const stream = await followEvents(failing(2), viewer, {})
    await stage.bus.publish([job.queued('job_1')])
    expect((await take(1, stream)).map(({ key }) => key)).toEqual(['job_1'])
  })

  it('is UNAVAILABLE in the end', async () => {
    const stream = await followEvents(failing(100), viewer, {})
    await expect(stream.next()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('the health of the fleet', () => {
  it('comes at once and then at every interval', async () => {
    const began = performance.now()
    expect(await take(3, followFleet(stage.parts, viewer, 100))).toEqual([
      { id: 'fleet' },
      { id: 'fleet' },
      { id: 'fleet' },
    ])
    expect(performance.now() - began).toBeGreaterThanOrEqual(198)
  })

  it.each([99, 0, -5, 3_600_001])('refuses an interval of %d ms', everyMs => {
    expect(() => followFleet(stage.parts, viewer, everyMs)).toThrow(`\`everyMs\` is ${everyMs}`)
  })
})
