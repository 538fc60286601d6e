import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashOf } from '../../../gateway/limits/documents.ts'
import { roles } from '../../../kernel/auth/identity.ts'
import type { Serving } from '../../../kernel/serve.ts'
import { type FederatedGraph, startFederatedGraph } from '../../support/federated-graph.ts'
import { gatewayOf } from '../../support/gateway.ts'
import { type IdentityService, startIdentityService } from '../../support/identity-service.ts'
import { library } from '../../support/library.ts'

/** What only Yoga takes, and means the same. */
const forYoga = { accept: 'application/json, application/x-unknown' }
const forBoth = { accept: 'application/json' }

describe('the short way of plain requests', () => {
  let identities: IdentityService
  let graph: FederatedGraph
  let gateway: Serving
  beforeAll(async () => {
    identities = await startIdentityService()
    for (const role of ['viewer', 'trainer'] as const)
      identities.keys.set(role, { principal: `key_${role}`, name: role, project: 'default', scopes: roles[role] })
    graph = await startFederatedGraph(library().sources)
    gateway = await gatewayOf(graph, { FORGE_AUTH: 'on', ORCHESTRATION_URL: identities.url })
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
    await identities[Symbol.asyncDispose]()
  })

  async function send(body: string, headers: Record<string, string>) {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    const shown = ['content-type', 'ratelimit-limit', 'x-request-id', 'retry-after', 'allow', 'www-authenticate']
    return {
      status: response.status,
      headers: Object.fromEntries(shown.map(name => [name, response.headers.get(name)])),
      body: await response.text(),
    }
  }
  /** Documents found by the short way, which Yoga keeps apart. */
  async function taken(): Promise<number> {
    const text = await (await fetch(`${gateway.url}/metrics`)).text()
    return Number(/cache="document",outcome="hit"\} (\d+)/.exec(text)?.[1])
  }

  const requests: [what: string, isTaken: boolean, body: unknown, key?: string][] = [
    ['a query', true, { query: 'query A { authors { name } open }' }],
    ['one of several operations', true, { query: 'query A { open } query B { authors { id } }', operationName: 'B' }],
    ['variables', true, { query: 'query V($id: ID!) { author(id: $id) { name } }', variables: { id: '1' } }],
    ['a mutation', true, { query: 'mutation M { rename(id: "1", name: "Anna") { name } }' }, 'trainer'],
    ['an error of a field', true, { query: '{ open crash }' }],
    ['an entity that is missing', true, { query: '{ author(id: "none") { name } }' }],
    ['a wrong variable', true, { query: 'query V($id: ID!) { author(id: $id) { name } }', variables: { id: [] } }],
    ['introspection', true, { query: '{ __schema { queryType { name } } }' }],
    ['a key that nobody knows', true, { query: 'query A { authors { name } open }' }, 'unknown'],
    ['an operation that there is not', false, { query: 'query A { open } query B { open }', operationName: 'C' }],
    ['no operation name where one is needed', false, { query: 'query A { open } query B { open }' }],
    ['a document that breaks the schema', false, { query: '{ nothing }' }],
    ['no document', false, { query: '{' }],
    ['a hash that nobody knows', false, { extensions: { persistedQuery: { sha256Hash: hashOf('x') } } }],
    ['nothing', false, {}],
    ['several at once', false, [{ query: '{ open }' }]],
    ['a name that is none of the protocol', false, { query: '{ open }', more: 1 }],
    ['variables that are none', false, { query: '{ open }', variables: 'x' }],
    ['a query that is none', false, { query: 1 }],
    ['null', false, null],
  ]
  it.each(requests)('answers %s as Yoga does', async (_what, isTaken, content, key = 'viewer') => {
    const body = JSON.stringify(content)
    const credentials = { authorization: `Bearer ${key}`, 'x-request-id': 'same' }
    // The first of a document goes through Yoga in any case, which validates it.
    await send(body, { ...forYoga, ...credentials, authorization: 'Bearer trainer' })
    const byYoga = await send(body, { ...forYoga, ...credentials })
    const before = await taken()
    const plain = await send(body, { ...forBoth, ...credentials })
    expect(plain).toEqual(byYoga)
    expect((await taken()) - before).toBe(isTaken ? 1 : 0)
  })

  it('leaves bodies that are no JSON, and streams, to Yoga', async () => {
    const credentials = { authorization: 'Bearer viewer', 'x-request-id': 'same' }
    for (const body of ['', '{', '"', 'query=1']) {
      expect(await send(body, { ...forBoth, ...credentials })).toEqual(await send(body, { ...forYoga, ...credentials }))
    }
    const subscription = JSON.stringify({ query: 'subscription { sales { cursor } }' })
    const refused = await send(subscription, { ...forBoth, ...credentials })
    expect(refused).toEqual(await send(subscription, { ...forYoga, ...credentials }))
    expect(refused.status).toBe(406)
  })

  it('says the same of a service that is away', async () => {
    const body = JSON.stringify({ query: 'query Away { authors { name } }' })
    const credentials = { authorization: 'Bearer viewer', 'x-request-id': 'same' }
    await send(body, { ...forYoga, ...credentials })
    await graph.stop('authors')
    const plain = await send(body, { ...forBoth, ...credentials })
    expect(JSON.parse(plain.body).errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE', service: 'authors' } }])
    expect(plain).toEqual(await send(body, { ...forYoga, ...credentials }))
    await graph.start('authors')
  })
})
