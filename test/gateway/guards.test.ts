import { createConnection } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { maxDirectives, maxSelections } from '../../gateway/limits/expansion.ts'
import { roles } from '../../kernel/auth/identity.ts'
import type { Serving } from '../../kernel/serve.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf } from '../support/gateway.ts'
import { type IdentityService, startIdentityService } from '../support/identity-service.ts'
import { library } from '../support/library.ts'

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

describe('what guards the gateway', () => {
  let identities: IdentityService
  let graph: FederatedGraph
  let gateway: Serving
  const serve = async (variables: Record<string, string> = {}) => {
    gateway = await gatewayOf(graph, { FORGE_AUTH: 'on', ORCHESTRATION_URL: identities.url, ...variables })
  }
  beforeEach(async () => {
    identities = await startIdentityService()
    for (const [role, scopes] of Object.entries(roles)) {
      identities.keys.set(role, { principal: `key_${role}`, name: role, project: 'default', scopes })
    }
    graph = await startFederatedGraph(library().sources)
  })
  afterEach(async () => {
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
    await identities[Symbol.asyncDispose]()
  })

  /** What a raw connection is answered until it is closed by the other side. */
  const send = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(gateway.url)
      let received = ''
      const socket = createConnection(Number(port), hostname, () => socket.write(text))
      socket.setEncoding('utf8').on('data', data => {
        received += data
      })
      socket.on('close', () => resolve(received))
      socket.on('error', reject)
    })

  it('lets go of who is slow with headers or body, and goes on serving', async () => {
    await serve({ GATEWAY_SEND_TIMEOUT: '0.2' })
    const head = 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n'
    expect(await send(head)).toMatch(/^HTTP\/1.1 408/)
    expect(await send(`${head}authorization: Bearer viewer\r\n\r\n{"query":`)).toMatch(/^HTTP\/1.1 408/)
    expect((await ask(gateway, '{ open }', {}, bearer('viewer'))).data).toEqual({ open: true })
  })

  it('answers pages of the origins that it is told, and of no other', async () => {
    await serve({ GATEWAY_ORIGINS: 'https://a.test, https://b.test' })
    const preflight = (origin: string) =>
      fetch(`${gateway.url}/graphql`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      })
    const allowed = await preflight('https://b.test')
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://b.test')
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
    expect((await preflight('https://evil.test')).headers.get('access-control-allow-origin')).not.toBe(
      'https://evil.test',
    )

    const open = (origin: string) =>
      new Promise<string>(resolve => {
        const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { origin })
        socket.on('open', () => {
          socket.close()
          resolve('open')
        })
        socket.on('error', error => resolve(error.message))
      })
    expect(await open('https://a.test')).toBe('open')
    expect(await open('https://evil.test')).toContain('403')
  })

  it('tells no other origin anything unless it is told to', async () => {
    await serve()
    const headers = { origin: 'https://a.test', ...bearer('viewer'), 'content-type': 'application/json' }
    const answer = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body: '{"query":"{ open }"}' })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  it.each([
    ['operator', 'trainer', false],
    ['operator', 'operator', true],
    ['operator', 'admin', true],
    ['off', 'admin', false],
  ])('with introspection for %s, tells its schema to %s: %s', async (least, role, told) => {
    await serve({ GATEWAY_INTROSPECTION: least })
    const query = 'query { open ...Curious } fragment Curious on Query { hidden: __schema { queryType { name } } }'
    const { data, errors } = await ask(gateway, query, {}, bearer(role))
    if (told) expect(data).toEqual({ open: true, hidden: { queryType: { name: 'Query' } } })
    else expect([data ?? null, errors?.[0]?.extensions]).toEqual([null, { code: 'FORBIDDEN' }])
  })

  it('refuses OpenAI’s clients in their own shape', async () => {
    await graph[Symbol.asyncDispose]()
    graph = await startFederatedGraph({ models: library().sources.authors })
    await serve()
    const answer = await fetch(`${gateway.url}/v1/models`, { headers: bearer('nobody') })
    expect([answer.status, await answer.json()]).toEqual([
      401,
      { error: { message: expect.any(String), type: 'invalid_request_error', param: null, code: 'UNAUTHENTICATED' } },
    ])
  })

  it('takes no batch', async () => {
    await serve()
    const headers = { ...bearer('viewer'), 'content-type': 'application/json' }
    const body = JSON.stringify([{ query: '{ open }' }, { query: '{ open }' }])
    expect((await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body })).status).toBe(400)
  })

  it('refuses at once a document whose fragments double at every level', async () => {
    await serve()
    const fragments = Array.from(
      { length: 100 },
      (_, i) => `fragment F${i} on Author { ...F${i + 1} ... on Author { ...F${i + 1} } }`,
    )
    const query = `{ authors { ...F0 } } ${fragments.join(' ')} fragment F100 on Author { name }`
    const { errors } = await ask(gateway, query, {}, bearer('viewer'))
    expect(errors).toMatchObject([{ message: expect.stringContaining(String(maxSelections)) }])
  })

  it('refuses many directives', async () => {
    await serve()
    const query = `{ ${'open @include(if: true) '.repeat(maxDirectives + 1)} }`
    const { errors } = await ask(gateway, query, {}, bearer('viewer'))
    expect(errors).toMatchObject([{ message: expect.stringContaining(String(maxDirectives)) }])
  })

  it('bounds what an operation may cost', async () => {
    await serve({ GATEWAY_MAX_COST: '1' })
    const { errors } = await ask(gateway, '{ authors { name books { id } } }', {}, bearer('viewer'))
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', cost: 2 } }])
  })

  it('says nothing of what failed inside', async () => {
    await serve()
    const { errors } = await ask(gateway, '{ crash }', {}, bearer('viewer'))
    expect(JSON.stringify(errors)).not.toContain('secret detail')
    expect(errors?.[0]?.extensions?.code).toBe('INTERNAL')
  })
})
