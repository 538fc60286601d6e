import { describe, expect, it } from 'vitest'
import { connectForge } from '../../client/forge.ts'
import { until } from '../support/condition.ts'
import { startEventServer } from './event-server.ts'

async function setUp(field = 'trainingProgress') {
  const stack = new AsyncDisposableStack()
  const server = stack.use(await startEventServer(field))
  const forge = stack.use(connectForge({ url: server.url, apiKey: 'forge_test' }))
  return { server, forge, stack, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
const step = (number: number) => ({ step: number })
const steps = (count: number, from = 1) => Array.from({ length: count }, (_, index) => step(from + index))

/** Reads a stream in the background. */
function reading(events: AsyncIterable<{ step: number }>) {
  const seen: number[] = []
  const end = (async () => {
    for await (const event of events) seen.push(event.step)
  })()
  end.catch(() => {})
  return { seen, end }
}
const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

describe('a stream', () => {
  it('brings its events in order and ends when the forge completes it', async () => {
    await using test = await setUp()
    const { server, forge } = test
    const { seen, end } = reading(forge.trainingProgress('job_1'))
    server.write(...steps(3))
    server.complete()
    await end
    expect(seen).toEqual([1, 2, 3])
    expect(server.subscribed).toEqual([
      { variables: { jobId: 'job_1', after: null }, authorization: 'Bearer forge_test' },
    ])
  })

  it('begins after the cursor that it is given', async () => {
    await using test = await setUp()
    const { server, forge } = test
    server.write(...steps(5))
    server.complete()
    const { seen, end } = reading(forge.trainingProgress('job_1', { after: '2' }))
    await end
    expect(seen).toEqual([4, 5])
  })

  it.each([
    ['is cut', undefined],
    ['is closed for a restart', 1012],
    ['is closed as if all were well', 1000],
  ])('brings each event once and in order when the connection %s', async (_how, code) => {
    await using test = await setUp()
    const { server, forge } = test
    const { seen, end } = reading(forge.trainingProgress('job_1'))
    for (let round = 0; round < 4; round++) {
      server.write(...steps(5, 1 + 10 * round))
      await until('five events', () => seen.length === 5 + 10 * round)
      server.cut(code)
      server.write(...steps(5, 6 + 10 * round))
      await until('five more', () => seen.length === 10 + 10 * round)
    }
    server.complete()
    await end
    expect(seen).toEqual(range(40))
    expect(server.subscribed).toHaveLength(5)
  })

  it('goes on after the forge was away', async () => {
    await using test = await setUp()
    const { server, forge, stack } = test
    const { seen, end } = reading(forge.trainingProgress('job_1'))
    server.write(...steps(2))
    await until('two events', () => seen.length === 2)
    await server[Symbol.asyncDispose]()
    const again = stack.use(await startEventServer('trainingProgress', server.port))
    again.write(...steps(4))
    again.complete()
    await end
    expect(seen).toEqual(range(4))
  })

  it('goes on after a service behind the gateway was away', async () => {
    await using test = await setUp()
    const { server, forge } = test
    const { seen, end } = reading(forge.trainingProgress('job_1'))
    server.write(...steps(2))
    await until('two events', () => seen.length === 2)
    server.refuse('UNAVAILABLE')
    await until('it has asked again', () => server.subscribed.length > 1)
    server.refuse(null)
    server.write(step(3))
    server.complete()
    await end
    expect(seen).toEqual(range(3))
  })

  it('waits for a slow reader on the other side, and brings it every event', async () => {
    await using test = await setUp()
    const { server, forge } = test
    const events = forge.trainingProgress('job_1')
    server.write(...steps(3_500))
    const seen = [(await events.next()).value!.step]
    await until('the inbox is full and the client has left', () => server.open() === 0)
    server.complete()
    for await (const event of events) seen.push(event.step)
    expect(seen).toEqual(range(3_500))
    expect(server.subscribed.length).toBeGreaterThan(1)
  })

  it('brings a slow reader the newest snapshot of the fleet only', async () => {
    await using test = await setUp('fleetHealth')
    const { server, forge } = test
    const events = forge.fleetHealth()
    server.write({ status: 'HEALTHY', slotsUsed: 0 })
    await events.next()
    server.write(...range(50).map(slotsUsed => ({ status: 'HEALTHY', slotsUsed })))
    server.complete()
    await until('all were sent', () => server.open() === 0)
    const seen = []
    for await (const { slotsUsed } of events) seen.push(slotsUsed)
    expect(seen).toEqual([50])
    expect(server.subscribed[0]!.variables).not.toHaveProperty('after')
  })
})

describe('a stream is over', () => {
  it('when its reader leaves, and then the forge knows it', async () => {
    await using test = await setUp()
    const { server, forge } = test
    server.write(...steps(2))
    for await (const _event of forge.trainingProgress('job_1')) break
    await until('the subscription has ended', () => server.open() === 0 && server.connections() === 0)
  })

  it('when its signal aborts', async () => {
    await using test = await setUp()
    const { server, forge } = test
    const leave = new AbortController()
    const { seen, end } = reading(forge.trainingProgress('job_1', { signal: leave.signal }))
    server.write(step(1))
    await until('one event', () => seen.length === 1)
    leave.abort()
    await end
    await until('the subscription has ended', () => server.open() === 0)
  })

  it('when the client is closed', async () => {
    await using test = await setUp()
    const { server, forge } = test
    const { seen, end } = reading(forge.trainingProgress('job_1'))
    server.write(step(1))
    await until('one event', () => seen.length === 1)
    await forge[Symbol.asyncDispose]()
    await end
  })

  it.each(['INVALID_INPUT', 'NOT_FOUND', 'UNAUTHENTICATED', 'FORBIDDEN'])(
    'with the error when the forge refuses it as %s',
    async code => {
      await using test = await setUp()
      const { server, forge } = test
      server.refuse(code)
      const { end } = reading(forge.trainingProgress('job_1', { after: '1' }))
      await expect(end).rejects.toMatchObject({ name: 'ForgeError', code, message: 'refused' })
      expect(server.subscribed).toHaveLength(1)
    },
  )

  it.each([
    [4401, 'UNAUTHENTICATED'],
    [4403, 'FORBIDDEN'],
    [4429, 'INTERNAL'],
  ])('with an error when the connection is closed with %i', async (closed, code) => {
    await using test = await setUp()
    const { server, forge } = test
    const { seen, end } = reading(forge.trainingProgress('job_1'))
    server.write(step(1))
    await until('one event', () => seen.length === 1)
    server.cut(closed)
    await expect(end).rejects.toMatchObject({ code, message: expect.stringContaining('because') })
  })

  it('at once, saying what to do, when nothing serves at the address', async () => {
    await using forge = connectForge({ url: 'http://127.0.0.1:1' })
    const { end } = reading(forge.trainingProgress('job_1'))
    await expect(end).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('npm start') })
  })
})
