import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openInstances } from '../../gateway/execution/instances.ts'
import { openSubgraph } from '../../gateway/execution/subgraph.ts'
import { close, listen } from '../../kernel/serve.ts'
import { silentLog } from '../support/silent-log.ts'

describe('the instances of a subgraph', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())
  const urls = ['http://a.test/graphql', 'http://b.test/graphql', 'http://c.test/graphql']

  it('are asked in turn', async () => {
    await using instances = openInstances(urls, { timeout: 1_000 })
    const asked = Array.from({ length: 6 }, () => new URL(instances.next().url).host)
    expect(asked.slice(0, 3).toSorted()).toEqual(['a.test', 'b.test', 'c.test'])
    expect(asked.slice(3)).toEqual(asked.slice(0, 3))
  })

  it('are left out after a failure, twice as long each time until they answer', async () => {
    const onEject = vi.fn()
    await using instances = openInstances(urls.slice(0, 2), { timeout: 1_000, onEject })
    const failing = instances.next()
    const isAsked = () => [instances.next(), instances.next()].includes(failing)
    const returnsAfter = (ms: number) => {
      instances.eject(failing)
      vi.advanceTimersByTime(ms - 1)
      const early = isAsked()
      vi.advanceTimersByTime(1)
      return [early, isAsked()]
    }
    expect(returnsAfter(1_000)).toEqual([false, true])
    expect(returnsAfter(2_000)).toEqual([false, true])
    instances.trust(failing)
    expect(returnsAfter(1_000)).toEqual([false, true])
    expect(onEject).toHaveBeenCalledTimes(3)
  })

  it('count failures of requests that were under way together once', async () => {
    await using instances = openInstances(urls.slice(0, 2), { timeout: 1_000 })
    const failing = instances.next()
    for (let i = 0; i < 50; i++) instances.eject(failing)
    vi.advanceTimersByTime(1_000)
    expect([instances.next(), instances.next()]).toContain(failing)
  })

  it('are asked all the same when none is left', async () => {
    await using instances = openInstances(urls.slice(0, 2), { timeout: 1_000 })
    const [first, second] = [instances.next(), instances.next()]
    instances.eject(first)
    vi.advanceTimersByTime(100)
    instances.eject(second)
    expect(instances.next()).toBe(first)
  })
})

it('gets every answer from the instances that work, mutations besides the first that meets the broken one', async () => {
  const answered = { a: 0, b: 0 }
  const serve = (name: keyof typeof answered): Server =>
    createServer((_request, response) => {
      answered[name] += 1
      response.end('{"data":{"ok":true}}')
    })
  const [a, b] = [serve('a'), serve('b')]
  const urls = [await listen(a, '127.0.0.1', 0), await listen(b, '127.0.0.1', 0)].map(url => `${url}/graphql`)
  await using subgraph = openSubgraph({ name: 'models', urls, sign: async () => 'token' })
  const scope = {
    identity: { principal: 'key_1', name: '', project: '*', scopes: [] },
    requestId: 'req_1',
    traceparent: null,
    client: undefined,
    log: silentLog,
  }
  const ask = (idempotent: boolean) =>
    subgraph.process({
      request: { query: '{ ok }', variables: {}, operationName: undefined, idempotent },
      context: scope,
    })

  for (let i = 0; i < 10; i++) await ask(true)
  expect(answered).toEqual({ a: 5, b: 5 })

  await close(a)
  for (let i = 0; i < 10; i++) expect((await ask(true)).errors).toBeUndefined()
  expect(answered.a).toBe(5)
  const mutations = await Promise.all(Array.from({ length: 10 }, () => ask(false)))
  expect(mutations.filter(({ errors }) => errors)).toEqual([])
  await close(b)
})
