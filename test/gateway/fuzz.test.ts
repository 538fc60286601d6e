import { createConnection } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Serving } from '../../kernel/serve.ts'
import { until } from '../support/condition.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf } from '../support/gateway.ts'
import { library } from '../support/library.ts'

/** Inputs of each kind; with a seed of its own each, so that a failure can be had again. */
const runs = 150
/** What the heap may have grown by in the end, in bytes: caches keep some documents. */
const mayKeep = 16_000_000

const words = [
  '{',
  '}',
  '(',
  ')',
  '...',
  'on',
  'query',
  'subscription',
  'mutation',
  'fragment',
  'F',
  '@include',
  '$v',
  ':',
  '!',
  '"',
  '"""',
  '[',
  ']',
  '=',
  'books',
  'id',
  'author',
  'sales',
  '__schema',
  '__proto__',
  'Author',
  '1e999',
  '\\u0000',
  '#',
  '\n',
]
const document = fc
  .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: fc.string() }), {
    maxLength: 40,
  })
  .map(parts => parts.join(' '))
const body = fc.oneof(
  fc.string(),
  fc.json(),
  document.map(query => JSON.stringify({ query })),
  fc
    .tuple(document, fc.json())
    .map(
      ([query, rest]) =>
        `{"query":${JSON.stringify(query)},"variables":${rest},"extensions":${rest},"operationName":${rest}}`,
    ),
)
const head = fc.oneof(
  fc.constantFrom(
    'GET / HTTP/1.1',
    'POST /graphql HTTP/1.1',
    'POST /graphql HTTP/9.9',
    'PRI * HTTP/2.0',
    'GET /graphql?query={open} HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'POST /uploads/../graphql HTTP/1.1',
  ),
  fc.string(),
)
const header = fc.oneof(
  fc.constantFrom(
    'host: 127.0.0.1',
    'content-type: application/json',
    'transfer-encoding: chunked',
    'content-length: 3',
    'content-length: -1',
    'upgrade: websocket',
    'connection: upgrade',
    'expect: 100-continue',
    'sec-websocket-version: 13',
    'sec-websocket-key: x',
    'cookie: forge_session=%',
    'x-request-id: \u0001',
  ),
  fc.string(),
)
const rawRequest = fc
  .tuple(head, fc.array(header, { maxLength: 6 }), body)
  .map(([first, headers, text]) => `${[first, ...headers].join('\r\n')}\r\n\r\n${text}`)
const message = fc.oneof(
  fc.string(),
  fc.json(),
  fc
    .record({
      type: fc.constantFrom('connection_init', 'subscribe', 'ping', 'pong', 'complete', 'next', 'x'),
      id: fc.constantFrom('1', '2', ''),
      payload: fc.oneof(
        fc.jsonValue(),
        document.map(query => ({ query })),
      ),
    })
    .map(frame => JSON.stringify(frame)),
)

describe('a gateway that is sent nonsense', () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  let graph: FederatedGraph
  let gateway: Serving
  let before: number
  beforeAll(async () => {
    process.on('unhandledRejection', note)
    graph = await startFederatedGraph(library().sources)
    gateway = await gatewayOf(graph)
    expect((await ask(gateway, '{ books { author { name } } }')).errors).toBeUndefined()
    before = heap()
  })
  afterAll(async () => {
    process.off('unhandledRejection', note)
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
  })

  it('answers every body with an answer of GraphQL, or a status that says what is wrong with it', async () => {
    await fc.assert(
      fc.asyncProperty(body, async text => {
        const headers = { 'content-type': 'application/json', accept: 'application/json' }
        // A subscription answers as a stream, which only its status is read of.
        const leave = new AbortController()
        const response = await fetch(`${gateway.url}/graphql`, {
          method: 'POST',
          headers,
          body: text,
          signal: leave.signal,
        })
        expect(response.status).toBeLessThan(500)
        const isStream = response.headers.get('content-type')?.includes('event-stream')
        if (!isStream) expect(await response.text()).toMatch(/"(data|errors)"/)
        leave.abort()
      }),
      { numRuns: runs, seed: 1 },
    )
  })

  it('outlives raw bytes', async () => {
    const { hostname, port } = new URL(gateway.url)
    await fc.assert(
      fc.asyncProperty(rawRequest, async text => {
        await new Promise<void>(resolve => {
          const socket = createConnection(Number(port), hostname, () => socket.end(text))
          socket.resume()
          socket.on('error', () => resolve())
          socket.on('close', () => resolve())
        })
      }),
      { numRuns: runs, seed: 2 },
    )
    expect((await ask(gateway, '{ open }')).data).toEqual({ open: true })
  })

  it('outlives frames that are no messages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(message, { maxLength: 6 }), async (inits, messages) => {
        await new Promise<void>(resolve => {
          const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
          socket.on('open', () => {
            if (inits) socket.send('{"type":"connection_init"}')
            for (const each of messages) socket.send(each)
            socket.close()
          })
          socket.on('error', () => resolve())
          socket.on('close', () => resolve())
        })
      }),
      { numRuns: runs, seed: 3 },
    )
    expect((await ask(gateway, '{ open }')).data).toEqual({ open: true })
  })

  it('forgets what it cannot read, however long that is', async () => {
    for (let i = 0; i < 60; i++) {
      const { status } = await ask(gateway, `{ ${i} ${'x'.repeat(1_000_000)}`)
      expect(status).toBeLessThan(500)
    }
  })

  it('has kept none of it, and failed nowhere unseen', async () => {
    expect(unhandled).toEqual([])
    await until('the heap is near where it was', () => heap() - before < mayKeep)
    expect((await ask(gateway, '{ books { author { name } } }')).errors).toBeUndefined()
  })
})

/** Bytes in use once the garbage is gone. */
function heap(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}
