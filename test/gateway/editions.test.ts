import { writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Serving } from '../../kernel/serve.ts'
import { composeSupergraph } from '../../schema/compose.ts'
import { until } from '../support/condition.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf, type Result, subscribe } from '../support/gateway.ts'
import { library } from '../support/library.ts'

describe('a supergraph that changes', () => {
  const { sources, stream } = library()
  let graph: FederatedGraph
  let gateway: Serving
  beforeEach(async () => {
    graph = await startFederatedGraph(sources)
    gateway = await gatewayOf(graph)
  })
  afterEach(async () => {
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
  })

  /** Writes the supergraph as it is with `sdl` instead of that of one subgraph. */
  const change = async (name: string, change: (sdl: string) => string) => {
    const sdl = Object.fromEntries(Object.entries(sources).map(([each, source]) => [each, source.sdl]))
    const urls = Object.fromEntries(Object.keys(sdl).map(each => [each, graph.url(each)]))
    await writeFile(graph.file, composeSupergraph({ ...sdl, [name]: change(sdl[name]!) }, urls).supergraph)
  }
  const isServed = async (query: string) => (await ask(gateway, query)).errors === undefined

  it('is served without a request that fails, and without the end of a subscription that it still allows', async () => {
    const query = '{ books { title author { name } } }'
    let isOver = false
    const load = Promise.all(
      Array.from({ length: 8 }, async () => {
        const results: Result[] = []
        while (!isOver) results.push(await ask(gateway, query))
        return results
      }),
    )
    const allowed = subscribe(gateway, 'subscription { sales { cursor book { title } } }')
    const first = allowed.next()
    await until('the subscription stands', () => stream.listeners() > 0)
    stream.publish('1')
    expect((await first).value).toEqual({ data: { sales: { cursor: '1', book: { title: 'Book 1' } } } })
    const gone = subscribe(gateway, 'subscription { tips { cursor book { id } } }')
    const last = gone.next()
    await until('the other one stands', () => stream.listeners() > 1)

    await change('shop', sdl =>
      sdl.replace('tips(after: String): Sale!', '').replace('open: Boolean', 'closed: Boolean'),
    )
    await until('the new supergraph is served', async () => !(await isServed('{ open }')), 10_000)

    expect((await last).value.errors).toMatchObject([
      { message: expect.stringMatching(/no longer valid: .*tips/), extensions: { code: 'INVALID_INPUT' } },
    ])
    const second = allowed.next()
    stream.publish('2')
    expect((await second).value).toEqual({ data: { sales: { cursor: '2', book: { title: 'Book 2' } } } })
    await allowed.return?.()
    isOver = true
    const results = (await load).flat()
    expect(results.length).toBeGreaterThan(20)
    expect(results.filter(({ errors }) => errors)).toEqual([])
  }, 20_000)

  it('is left alone while its file is none', async () => {
    await writeFile(graph.file, 'type Query {')
    await pause(2_500)
    expect(await isServed('{ open books { title } }')).toBe(true)
    await change('shop', sdl => sdl.replace('open: Boolean', 'closed: Boolean'))
    await until('the next one is served', async () => !(await isServed('{ open }')), 10_000)
  }, 20_000)
})
