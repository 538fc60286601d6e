import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { close, listen, type Serving } from '../../kernel/serve.ts'
import { composeSupergraph } from '../../schema/compose.ts'
import { until } from '../support/condition.ts'
import { link } from '../support/federated-graph.ts'
import { gatewayOf } from '../support/gateway.ts'

const sdl = {
  waiting: `${link} type Query { thing: Thing wait: String } type Thing @key(fields: "id") { id: ID! }`,
  joined: `${link} type Thing @key(fields: "id") { id: ID! late: String }`,
}

describe('a client that leaves', () => {
  /** What subgraphs were asked that they never answer, and whose asker has gone again. */
  const count = { asked: 0, gone: 0 }
  let server: Server
  let folder: string
  let gateway: Serving
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const { query } = JSON.parse(await text(request)) as { query: string }
      if (query.includes('thing')) {
        response.writeHead(200, { 'content-type': 'application/json' })
        return response.end('{"data":{"thing":{"__typename":"Thing","id":"1"}}}')
      }
      response.once('close', () => {
        count.gone += 1
      })
      count.asked += 1
    })
    const url = await listen(server, '127.0.0.1', 0)
    folder = await mkdtemp(join(tmpdir(), 'leaving-'))
    const file = join(folder, 'supergraph.graphql')
    const { supergraph } = composeSupergraph(sdl, { waiting: `${url}/waiting`, joined: `${url}/joined` })
    await writeFile(file, supergraph)
    gateway = await gatewayOf({ file, folder })
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await close(server)
    await rm(folder, { recursive: true })
  })

  // A document that was seen before takes the short way, what asks for another kind of answer never does.
  it.each([
    ['a first time', '{ wait }', 'application/json'],
    ['again, the short way', '{ wait }', 'application/json'],
    ['by Yoga', '{ wait }', 'application/graphql-response+json'],
    ['in the second fetch of a plan', '{ thing { late } }', 'application/json'],
  ])('takes its requests to the subgraphs along: %s', async (_way, query, accept) => {
    const before = { ...count }
    const leaving = new AbortController()
    const asking = fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query }),
      signal: leaving.signal,
    }).catch(error => error.name)
    await until('the subgraph is asked', () => count.asked === before.asked + 1, 60_000)
    expect(count.gone).toBe(before.gone)
    leaving.abort()
    expect(await asking).toBe('AbortError')
    await until('the subgraph sees it gone', () => count.gone === before.gone + 1, 60_000)
  })
})
