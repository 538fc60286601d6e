import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { roles } from '../../kernel/auth/identity.ts'
import type { Serving } from '../../kernel/serve.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { gatewayOf, subscribe } from '../support/gateway.ts'
import { type IdentityService, startIdentityService } from '../support/identity-service.ts'
import { library } from '../support/library.ts'

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const post = (gateway: Serving, headers: Record<string, string>) =>
  fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"query":"{ open }"}',
  })

describe('rate limits', () => {
  let identities: IdentityService
  let graph: FederatedGraph
  let gateway: Serving
  const serve = async (limits: Record<string, string>) => {
    gateway = await gatewayOf(graph, { FORGE_AUTH: 'on', ORCHESTRATION_URL: identities.url, ...limits })
  }
  beforeEach(async () => {
    identities = await startIdentityService()
    for (const name of ['one', 'two']) {
      identities.keys.set(name, { principal: `key_${name}`, name, project: 'default', scopes: roles.viewer })
    }
    graph = await startFederatedGraph(library().sources)
  })
  afterEach(async () => {
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
    await identities[Symbol.asyncDispose]()
  })

  it('counts every identity by itself, says how much is left, and when to come again', async () => {
    await serve({ GATEWAY_RATE_IDENTITY: '2' })
    const first = await post(gateway, bearer('one'))
    expect(first.status).toBe(200)
    expect(first.headers.get('ratelimit-limit')).toBe('2, 2;w=60')
    expect(first.headers.get('ratelimit-remaining')).toBe('1')
    expect((await post(gateway, bearer('one'))).headers.get('ratelimit-remaining')).toBe('0')

    const refused = await post(gateway, bearer('one'))
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused.headers.get('ratelimit-remaining')).toBe('0')
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] })
    expect((await post(gateway, bearer('two'))).status).toBe(200)
  })

  it('counts what an identity asks over WebSocket with the rest', async () => {
    await serve({ GATEWAY_RATE_IDENTITY: '2' })
    await post(gateway, bearer('one'))
    const operation = () => subscribe(gateway, '{ open }', { connectionParams: bearer('one') }).next()
    expect((await operation()).value).toEqual({ data: { open: true } })
    expect((await operation()).value.errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }])
    expect((await post(gateway, bearer('one'))).status).toBe(429)
  })

  it('counts an address whoever sends, and answers probes all the same', async () => {
    await serve({ GATEWAY_RATE_ADDRESS: '2' })
    await post(gateway, bearer('one'))
    await post(gateway, bearer('two'))
    expect((await post(gateway, bearer('two'))).status).toBe(429)
    expect((await fetch(`${gateway.url}/graphiql`)).status).toBe(429)
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    expect(String((await once(socket, 'error'))[0])).toContain('429')
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200)
  })

  it('believes X-Forwarded-For only as far as its own proxies wrote it', async () => {
    await serve({ GATEWAY_RATE_ADDRESS: '1', GATEWAY_PROXIES: '1' })
    const from = async (forwarded: string) =>
      (await post(gateway, { ...bearer('one'), 'x-forwarded-for': forwarded })).status
    expect(await from('10.0.0.1')).toBe(200)
    expect(await from('10.0.0.2')).toBe(200)
    expect(await from('10.9.9.9, 10.0.0.1')).toBe(429)
  })

  it('stops who guesses keys', async () => {
    await serve({})
    const statuses = new Set<number>()
    for (let i = 0; i < 61; i += 1) statuses.add((await post(gateway, bearer(`guess-${i}`))).status)
    expect([...statuses]).toEqual([401, 429])
    expect((await post(gateway, bearer('one'))).status).toBe(200)
    const guessing = subscribe(gateway, '{ open }', { connectionParams: bearer('guess-over-websocket') })
    await expect(guessing.next()).rejects.toMatchObject({ code: 4403, reason: expect.stringContaining('not known') })
  })
})
