import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { maxAliases, maxBodyBytes, maxDepth, maxTokens } from '../../gateway/limits/limits.ts'
import type { Serving } from '../../kernel/serve.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf, subscribe } from '../support/gateway.ts'
import { library } from '../support/library.ts'

describe('defence', () => {
  let graph: FederatedGraph
  let gateway: Serving
  beforeAll(async () => {
    graph = await startFederatedGraph(library().sources)
    gateway = await gatewayOf(graph)
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
  })

  const nested = (depth: number) =>
    `{ books { ${'author { books { '.repeat(depth / 2)} id ${'} }'.repeat(depth / 2)} } }`
  const tooMuch: [string, string][] = [
    ['depth', nested(maxDepth)],
    ['aliases', `{ ${Array.from({ length: maxAliases + 1 }, (_, i) => `a${i}: open`).join(' ')} }`],
    ['tokens', `{ ${'open '.repeat(maxTokens)} }`],
    ['depth through fragments', fragmentChain(maxDepth)],
  ]

  it('refuses an alias that would be the prototype of the answer', async () => {
    const { data, errors } = await ask(gateway, '{ __proto__: open }')
    expect(data).toBeUndefined()
    expect(errors).toMatchObject([
      { extensions: { code: 'INVALID_INPUT' }, message: expect.stringContaining('__proto__') },
    ])
  })

  it.each(tooMuch)('refuses a document with too much %s, over HTTP and WebSocket', async (_what, query) => {
    const { data, errors } = await ask(gateway, query)
    expect(data).toBeUndefined()
    expect(errors?.[0]?.extensions).toEqual({ code: 'INVALID_INPUT' })
    expect(errors?.[0]?.message).toMatch(/limit|more tha/)

    const overSocket = await subscribe(gateway, query)
      .next()
      .then(
        ({ value }) => value.errors,
        (refused: unknown) => refused,
      )
    expect(overSocket).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }])
  })

  it('answers a document just inside the limits', async () => {
    expect((await ask(gateway, nested(maxDepth - 2))).errors).toBeUndefined()
  })

  it('refuses a body that is too large', async () => {
    expect((await ask(gateway, `{ open } #${'x'.repeat(maxBodyBytes)}`)).status).toBe(413)
  })

  it('refuses what a page of another site can send without asking', async () => {
    const get = (headers: Record<string, string>) => fetch(`${gateway.url}/graphql?query={open}`, { headers })
    expect((await get({})).status).toBe(403)
    expect((await get({ 'apollo-require-preflight': '1' })).status).toBe(200)
    const simple = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{"query":"{open}"}',
    })
    expect(simple.ok).toBe(false)
  })

  it('refuses a mutation by GET', async () => {
    const query = encodeURIComponent('mutation { rename(id: "1", name: "x") { id } }')
    const response = await fetch(`${gateway.url}/graphql?query=${query}`, {
      headers: { 'apollo-require-preflight': '1' },
    })
    expect(response.status).toBe(405)
  })

  it('lets no other origin open a WebSocket', async () => {
    const open = (origin: string) =>
      new Promise<string>(resolve => {
        const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { origin })
        socket.on('open', () => {
          socket.close()
          resolve('open')
        })
        socket.on('error', error => resolve(error.message))
      })
    expect(await open(gateway.url)).toBe('open')
    expect(await open('http://evil.test')).toContain('403')
    expect(await open('null')).toContain('403')
  })

  it('without keys answers to the names of loopback only, so that no other name can be pointed at it', async () => {
    const status = await new Promise(resolve => {
      request(`${gateway.url}/graphql?query={open}`, { headers: { host: 'evil.test' } }, response => {
        response.resume()
        resolve(response.statusCode)
      }).end()
    })
    expect(status).toBe(403)
  })

  it.each(['*', '//', '//[', '/%', '/graphql?query=%ff', 'http://x.test/graphql'])(
    'answers the strange request target %s, and goes on serving',
    async target => {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const { hostname, port } = new URL(gateway.url)
        const sent = request({ hostname, port, path: target, method: 'POST' }, response => {
          response.resume()
          resolve(response.statusCode)
        })
        sent.on('error', reject)
        sent.end()
      })
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
      expect((await ask(gateway, '{ open }')).data).toEqual({ open: true })
    },
  )

  it('shows a browser a page with Sandbox, and has GraphiQL without the network', async () => {
    const html = { headers: { accept: 'text/html' } }
    const page = await (await fetch(`${gateway.url}/`, html)).text()
    expect(page).toContain('embeddable-sandbox')
    const offline = await (await fetch(`${gateway.url}/graphiql`, html)).text()
    expect(offline).toContain('GraphiQL')
    expect(offline).not.toMatch(/<script[^>]+src="http/)
  })

  it('answers the request id that came, or one of its own', async () => {
    const id = async (headers: Record<string, string>) =>
      (await fetch(`${gateway.url}/health`, { headers })).headers.get('x-request-id')
    expect(await id({ 'x-request-id': 'abc-1' })).toBe('abc-1')
    expect(await id({ 'x-request-id': 'a b' })).toMatch(/^req_/)
  })
})

function fragmentChain(length: number): string {
  const fragments = Array.from({ length }, (_, i) => `fragment F${i} on Author { books { author { ...F${i + 1} } } }`)
  return `{ authors { ...F0 } } ${fragments.join(' ')} fragment F${length} on Author { id }`
}
