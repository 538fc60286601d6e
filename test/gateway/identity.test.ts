import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Identity, roles } from '../../kernel/auth/identity.ts'
import { identityVerifier, type Verify } from '../../kernel/auth/tokens.ts'
import type { Serving } from '../../kernel/serve.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf, subscribe } from '../support/gateway.ts'
import { type IdentityService, startIdentityService } from '../support/identity-service.ts'
import { library } from '../support/library.ts'

const viewer: Identity = { principal: 'key_1', name: 'a viewer', project: 'default', scopes: roles.viewer }
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

describe('identity', () => {
  let parts: ReturnType<typeof library>
  let identities: IdentityService
  let graph: FederatedGraph
  let gateway: Serving
  beforeEach(async () => {
    parts = library()
    identities = await startIdentityService()
    identities.keys.set('good-key', viewer)
    // The subgraphs check what arrives against the keys that this very gateway publishes.
    const verifiers = new Map<string, Verify>()
    graph = await startFederatedGraph(parts.sources, name => authorization => verifiers.get(name)!(authorization))
    gateway = await gatewayOf(graph, { FORGE_AUTH: 'on', ORCHESTRATION_URL: identities.url })
    for (const name of Object.keys(parts.sources)) verifiers.set(name, identityVerifier(gateway.url, name))
  })
  afterEach(async () => {
    parts.stream.complete()
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
    await identities[Symbol.asyncDispose]()
  })

  it('refuses a request without a key, and says what to send and where the key is', async () => {
    const { status, data, errors } = await ask(gateway, '{ books { id } }')
    expect(status).toBe(401)
    expect(data).toBeUndefined()
    expect(errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' })
    expect(errors?.[0]?.message).toMatch(/Authorization: Bearer KEY.*admin-key/)
  })

  it.each(['Bearer wrong-key', 'good-key', 'Basic Z29vZA=='])('refuses "%s"', async authorization => {
    const { status, errors } = await ask(gateway, '{ books { id } }', {}, { authorization })
    expect(status).toBe(401)
    expect(errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' })
  })

  it('refuses a key of any length, as unknown', async () => {
    const { status, errors } = await ask(gateway, '{ books { id } }', {}, bearer('k'.repeat(2_000)))
    expect({ status, code: errors?.[0]?.extensions?.code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' })
  })

  it('refuses before it looks at the document', async () => {
    expect((await ask(gateway, '{ nothing }')).errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' })
  })

  it('gives each subgraph the caller’s identity, signed for it alone', async () => {
    const { errors } = await ask(gateway, '{ books { author { name } } }', {}, bearer('good-key'))
    expect(errors).toBeUndefined()
    expect(parts.asked.identities[0]).toEqual(viewer)
    await expect(
      identityVerifier(gateway.url, 'orchestration')(identities.asked[0]!.authorization),
    ).resolves.toMatchObject({
      principal: 'service:gateway',
      scopes: ['identity:write'],
    })
    await expect(identityVerifier(gateway.url, 'books')(identities.asked[0]!.authorization)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })

  it('asks once for concurrent requests of one key, and believes the answer for a while', async () => {
    await Promise.all([1, 2, 3].map(() => ask(gateway, '{ books { id } }', {}, bearer('good-key'))))
    await ask(gateway, '{ books { id } }', {}, bearer('good-key'))
    expect(identities.asked).toHaveLength(1)
  })

  it('identifies a graphql-ws connection by its init payload', async () => {
    const query = '{ books { author { name } } }'
    const { value } = await subscribe(gateway, query, { connectionParams: bearer('good-key') }).next()
    expect(value.errors).toBeUndefined()
    const refused = subscribe(gateway, query, { connectionParams: bearer('wrong-key') }).next()
    await expect(refused).rejects.toMatchObject({ code: 4401, reason: expect.stringContaining('not known') })
  })

  it('passes the identity to the subgraph of a subscription', async () => {
    parts.stream.publish('1')
    parts.stream.publish('2')
    const query = 'subscription { sales(after: "1") { book { author { name } } } }'
    const events = subscribe(gateway, query, { connectionParams: bearer('good-key') })
    expect((await events.next()).value).toEqual({ data: { sales: { book: { author: { name: 'Author 2' } } } } })
    expect(parts.asked.identities[0]).toEqual(viewer)
    await events.return!()
  })

  it('says UNAVAILABLE while orchestration is down, and is not healthy then', async () => {
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200)
    await identities[Symbol.asyncDispose]()
    const { status, errors } = await ask(gateway, '{ books { id } }', {}, bearer('good-key'))
    expect(status).toBe(503)
    expect(errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE' })
    const health = await fetch(`${gateway.url}/health`)
    expect(health.status).toBe(503)
    expect(JSON.stringify(await health.json())).toContain('orchestration')
    identities = await startIdentityService()
  })

  it('logs a browser in with a code that works once', async () => {
    identities.codes.set('once', 'good-key')
    const login = () => fetch(`${gateway.url}/login?code=once`, { redirect: 'manual' })
    const first = await login()
    expect([first.status, first.headers.get('location')]).toEqual([303, '/graphql'])
    const cookie = first.headers.get('set-cookie')!
    expect(cookie).toMatch(/^forge_session=good-key; HttpOnly; SameSite=Strict; Path=\/; Max-Age=3\d{3}$/)

    const second = await login()
    expect(second.status).toBe(401)
    expect(await second.text()).toContain('admin-key')

    const session = { cookie: cookie.split(';')[0]! }
    const host = new URL(gateway.url).host
    expect((await ask(gateway, '{ books { id } }', {}, session)).errors).toBeUndefined()
    expect((await ask(gateway, '{ books { id } }', {}, { ...session, origin: `http://${host}` })).status).toBe(200)
    expect((await ask(gateway, '{ books { id } }', {}, { ...session, origin: 'http://evil.test' })).status).toBe(401)

    class BrowserSocket extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, { origin: `http://${host}`, headers: session })
      }
    }
    const client = createClient({ url: `ws://${host}/graphql`, webSocketImpl: BrowserSocket, retryAttempts: 0 })
    const { value } = await client.iterate({ query: '{ books { id } }' }).next()
    expect(value.errors).toBeUndefined()
  })

  it('keeps its key in a file that only its owner reads, and starts with it again', async () => {
    const keys = async () => (await fetch(`${gateway.url}/.well-known/jwks.json`)).json()
    const before = await keys()
    expect(JSON.stringify(before)).not.toContain('"d"')
    expect((await stat(join(graph.folder, 'signing-key.json'))).mode & 0o777).toBe(0o600)
    await gateway[Symbol.asyncDispose]()
    gateway = await gatewayOf(graph, { FORGE_AUTH: 'on', ORCHESTRATION_URL: identities.url })
    expect(await keys()).toEqual(before)
  })
})
