import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Serving } from '../../kernel/serve.ts'
import { until } from '../support/condition.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { gatewayOf, type Result, subscribe } from '../support/gateway.ts'
import { library } from '../support/library.ts'

describe('subscriptions', () => {
  let parts: ReturnType<typeof library>
  let graph: FederatedGraph
  let gateway: Serving
  beforeEach(async () => {
    parts = library()
    graph = await startFederatedGraph(parts.sources)
    gateway = await gatewayOf(graph)
  })
  afterEach(async () => {
    parts.stream.complete()
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
  })
  const listening = () => until('the subgraph has a subscriber', () => parts.stream.listeners() === 1)
  const next = async (events: AsyncIterableIterator<Result>): Promise<Result> => (await events.next()).value

  it('joins fields of two further subgraphs to every event', async () => {
    const events = subscribe(gateway, 'subscription { sold: sales { book { t: title author { name } } } }')
    const first = next(events)
    await listening()
    parts.stream.publish('1')
    parts.stream.publish('2')
    expect(await first).toEqual({ data: { sold: { book: { t: 'Book 1', author: { name: 'Author 1' } } } } })
    expect(await next(events)).toEqual({ data: { sold: { book: { t: 'Book 2', author: { name: 'Author 2' } } } } })
    await events.return!()
  })

  it('completes when the subgraph completes', async () => {
    const events = subscribe(gateway, 'subscription { sales { cursor } }')
    const end = events.next()
    await listening()
    parts.stream.complete()
    expect((await end).done).toBe(true)
  })

  it('ends the subgraph’s subscription when the client leaves', async () => {
    const events = subscribe(gateway, 'subscription { sales { cursor } }')
    const first = next(events)
    await listening()
    parts.stream.publish('1')
    await first
    await events.return!()
    // The subgraph's generator sees it at its next event.
    await until('the upstream generator ends', () => {
      parts.stream.publish('1')
      return parts.stream.listeners() === 0
    })
  })

  it('goes on after the loss of the subgraph without losing or repeating an event, and the client sees nothing of it', async () => {
    // The client selects no cursor, and uses the name that the gateway would give it.
    const events = subscribe(gateway, 'subscription { sales { resumeCursor: __typename book { id title } } }')
    const first = next(events)
    await listening()
    parts.stream.publish('1')
    await first

    await graph.stop('shop')
    parts.stream.publish('2')
    parts.stream.publish('3')
    await graph.start('shop')
    parts.stream.publish('4')

    const received = [await next(events), await next(events), await next(events)]
    expect(received.map(({ data }) => data!.sales)).toEqual(
      ['2', '3', '4'].map(id => ({ resumeCursor: 'Sale', book: { id, title: `Book ${id}` } })),
    )
    await events.return!()
  })

  it('starts where the client’s own cursor says, given as a variable or as a literal', async () => {
    for (const id of ['1', '2', '3']) parts.stream.publish(id)
    const query = 'subscription ($from: String) { sales(after: $from) { cursor } }'
    const byVariable = subscribe(gateway, query, { variables: { from: '1' } })
    expect(await next(byVariable)).toEqual({ data: { sales: { cursor: '2' } } })
    await byVariable.return!()

    const byLiteral = subscribe(gateway, 'subscription { sales(after: "2") { cursor } }')
    expect(await next(byLiteral)).toEqual({ data: { sales: { cursor: '3' } } })
    await byLiteral.return!()
  })

  it('says UNAVAILABLE when a subscription that cannot be resumed loses its subgraph', async () => {
    const events = subscribe(gateway, 'subscription { tips { cursor } }')
    const first = next(events)
    await listening()
    parts.stream.publish('1')
    await first
    await graph.stop('shop')
    expect((await next(events)).errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE', service: 'shop' })
    expect((await events.next()).done).toBe(true)
    await graph.start('shop')
  })

  it('passes the subgraph’s refusal', async () => {
    const events = subscribe(gateway, 'subscription { sales(after: "bad") { cursor } }')
    expect((await next(events)).errors?.[0]).toMatchObject({
      message: '"bad" is no cursor.',
      extensions: { code: 'INVALID_INPUT', service: 'shop' },
    })
    expect((await events.next()).done).toBe(true)
  })

  it('sends events with an error when a joined subgraph is down', async () => {
    await graph.stop('authors')
    const events = subscribe(gateway, 'subscription { sales { book { title author { name } } } }')
    const first = next(events)
    await listening()
    parts.stream.publish('1')
    const { data, errors } = await first
    expect(data).toEqual({ sales: { book: { title: 'Book 1', author: null } } })
    expect(errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE', service: 'authors' })
    await events.return!()
  })

  it.each([
    'subscription { sales @skip(if: false) { cursor } }',
    'subscription ($yes: Boolean!) { ...S @include(if: $yes) } fragment S on Subscription { sales { cursor } }',
  ])('refuses a condition at the root: %s', async query => {
    const { errors } = await next(subscribe(gateway, query, { variables: { yes: true } }))
    expect(errors?.[0]?.extensions).toEqual({ code: 'INVALID_INPUT' })
    expect(errors?.[0]?.message).toContain('@skip or @include')
  })

  it('streams server-sent events over HTTP', async () => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { sales { book { title } } }' }),
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    await listening()
    parts.stream.publish('1')
    let text = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (text.includes('Book 1')) break
    }
    expect(text).toContain('data: {"data":{"sales":{"book":{"title":"Book 1"}}}}')
  })

  it('subscribes once for all who ask the same, and joins each event once', async () => {
    const query = 'subscription ($from: String) { sales(after: $from) { book { title author { name } } } }'
    const first = subscribe(gateway, query)
    const firstNext = next(first)
    await listening()
    const second = subscribe(gateway, query.replaceAll(' {', '{\n'), { variables: { from: '0' } })
    const secondNext = next(second)
    await until('the second client has a subscription of its own', () => parts.stream.listeners() === 2)
    parts.stream.publish('1')
    const event = { data: { sales: { book: { title: 'Book 1', author: { name: 'Author 1' } } } } }
    expect(await firstNext).toEqual(event)
    expect(await secondNext).toEqual(event)

    // It has met the shared one now; its own generator sees that at its next event.
    const { length } = parts.asked.authors
    parts.stream.publish('2')
    await Promise.all([next(first), next(second)])
    expect(parts.asked.authors.length).toBe(length + 1)
    await until('the own subscription is left', () => {
      parts.stream.publish('3')
      return parts.stream.listeners() === 1
    })
    await Promise.all([first.return!(), second.return!()])
  })

  it('replays a client that was too slow, losing nothing, and lets nobody else wait for it', async () => {
    const count = 1_000
    const slow: string[] = []
    const fast: string[] = []
    const query = 'subscription { sales { cursor book { id } } }'
    const slowSocket = await openSocket(query, ({ type, payload }) => {
      if (type === 'next') slow.push(payload.data.sales.cursor)
    })
    const fastSocket = await openSocket(query, ({ type, payload }) => {
      if (type === 'next') fast.push(payload.data.sales.cursor)
    })
    await until('both have a subscription', () => parts.stream.listeners() === 2)
    parts.stream.publish('first')
    await until('both have the first event', () => slow.length + fast.length === 2)
    slowSocket.pause()
    const expected = Array.from({ length: count + 1 }, (_, i) => String(i + 1))
    for (let i = 0; i < count; i++) parts.stream.publish('x'.repeat(20_000))
    await until('the fast client has every event', () => fast.length > count)
    expect(fast).toEqual(expected)
    expect(slow.length).toBeLessThan(count)

    slowSocket.resume()
    await until('the slow client has every event', () => slow.length > count)
    expect(slow).toEqual(expected)
    fastSocket.close()
    slowSocket.close()
  })

  it('holds the subgraph back while a client of a stream without cursors is slow', async () => {
    const count = 1_000
    const received: string[] = []
    const socket = await openSocket('subscription { tips { cursor book { id } } }', ({ type, payload }) => {
      if (type === 'next') received.push(payload.data.tips.cursor)
    })
    await listening()
    socket.pause()
    for (let i = 0; i < count; i++) parts.stream.publish('x'.repeat(20_000))
    await stalled(parts.stream.sent)
    expect(parts.stream.sent()).toBeLessThan(count)

    socket.resume()
    await until('every event arrives', () => received.length === count)
    expect(received).toEqual(Array.from({ length: count }, (_, i) => String(i + 1)))
    socket.close()
  })

  it('closes its sockets so that clients come back, when it stops', async () => {
    const socket = await openSocket('subscription { sales { cursor } }', () => {})
    await listening()
    const closed = once(socket, 'close')
    await gateway[Symbol.asyncDispose]()
    expect((await closed)[0]).toBe(1012)
    gateway = await gatewayOf(graph)
  })

  /** A client whose socket the test holds, to be slow with it. */
  async function openSocket(query: string, onMessage: (message: Message) => void): Promise<WebSocket> {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    socket.on('message', data => onMessage(JSON.parse(String(data))))
    await once(socket, 'open')
    socket.send('{"type":"connection_init"}')
    await once(socket, 'message')
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }))
    return socket
  }
})

interface Message {
  type: string
  payload: { data: Record<'sales' | 'tips', { cursor: string }> }
}

/** Resolves once a count has stopped growing. */
async function stalled(count: () => number): Promise<void> {
  let last = -1
  let unchanged = 0
  await until('the count stalls', () => {
    unchanged = count() === last ? unchanged + 1 : 0
    last = count()
    return last > 0 && unchanged > 40
  })
}
