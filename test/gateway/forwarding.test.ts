import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSubgraph, type Subgraph } from '../../gateway/execution/subgraph.ts'
import { forward, forwardingTarget } from '../../gateway/forwarding.ts'
import { clientOf } from '../../gateway/http/client.ts'
import { close, listen } from '../../kernel/serve.ts'
import { silentLog } from '../support/silent-log.ts'

describe('forwarding', () => {
  // What the subgraph sees comes back as its answer, so that the test sees it too.
  const service = createServer(async (request, response) => {
    response.writeHead(206, { 'content-type': 'application/json', 'content-range': 'bytes 0-1/2', connection: 'close' })
    response.end(JSON.stringify({ url: request.url, headers: request.headers, body: await text(request) }))
  })
  const gateway = createServer((request, response) => {
    const identity = { principal: 'key_1', name: '', project: '*', scopes: [] }
    const scope = { identity, requestId: 'req_1', traceparent: null, client: clientOf(response), log: silentLog }
    forward(request, response, models, scope).catch(error => {
      response.writeHead(error.code === 'UNAVAILABLE' ? 503 : 500)
      response.end()
    })
  })
  let models: Subgraph
  let url: string
  beforeAll(async () => {
    const origin = await listen(service, '127.0.0.1', 0)
    models = openSubgraph({
      name: 'models',
      urls: [`${origin}/graphql`],
      sign: async (_who, audience) => `for-${audience}`,
    })
    url = await listen(gateway, '127.0.0.1', 0)
  })
  afterAll(async () => {
    await models[Symbol.asyncDispose]()
    await close(gateway)
    await close(service)
  })

  it('finds the subgraph by the first part of the path', () => {
    expect(forwardingTarget('/artifacts/sha256/abc', { models })).toBe(models)
    expect(forwardingTarget('/v1/chat/completions', { models })).toBe(models)
    expect(forwardingTarget('/uploads/x', { models })).toBeUndefined()
    expect(forwardingTarget('/artifacts-of-others', { models })).toBeUndefined()
    expect(forwardingTarget('/graphql', { models })).toBeUndefined()
  })

  it('passes path, body, range and status, and the signed identity in place of the caller’s credentials', async () => {
    const response = await fetch(`${url}/artifacts/a?b=c`, {
      method: 'PUT',
      headers: { authorization: 'Bearer secret', cookie: 'forge_session=secret', range: 'bytes=0-1' },
      body: 'bytes',
    })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe('bytes 0-1/2')
    const seen = (await response.json()) as { url: string; body: string; headers: Record<string, string> }
    expect([seen.url, seen.body]).toEqual(['/artifacts/a?b=c', 'bytes'])
    expect(seen.headers).toMatchObject({
      authorization: 'Bearer for-models',
      range: 'bytes=0-1',
      'x-request-id': 'req_1',
    })
    expect(JSON.stringify(seen)).not.toContain('secret')
  })

  it('says UNAVAILABLE when the subgraph is down', async () => {
    await close(service)
    expect((await fetch(`${url}/artifacts/a`)).status).toBe(503)
  })
})
