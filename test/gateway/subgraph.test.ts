import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { OperationScope } from '../../gateway/context.ts'
import { openSubgraph, type Subgraph } from '../../gateway/execution/subgraph.ts'
import { clientUntil } from '../../gateway/http/client.ts'
import { close, listen } from '../../kernel/serve.ts'
import { until } from '../support/condition.ts'
import { silentLog } from '../support/silent-log.ts'

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

describe('the data source of a subgraph', () => {
  let handle: Handle = () => {}
  const server = createServer((request, response) => void handle(request, response))
  let subgraph: Subgraph
  beforeAll(async () => {
    const url = `${await listen(server, '127.0.0.1', 0)}/graphql`
    subgraph = openSubgraph({
      name: 'models',
      urls: [url],
      sign: async (_who, audience) => `for-${audience}`,
      timeout: 200,
    })
  })
  afterAll(async () => {
    await subgraph[Symbol.asyncDispose]()
    await close(server)
  })
  let leaving: AbortController
  beforeEach(() => {
    leaving = new AbortController()
  })

  const identity = { principal: 'key_1', name: '', project: '*', scopes: [] }
  const fetchFrom = (query = '{ a }') => {
    const scope: OperationScope = {
      identity,
      requestId: 'req_1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      client: clientUntil(leaving.signal),
      log: silentLog,
    }
    return subgraph.process({
      request: { query, variables: {}, operationName: undefined, idempotent: true },
      context: scope,
    })
  }
  const answering =
    (answer: unknown, status = 200): Handle =>
    (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
    }

  it('carries the signed identity, the request id and the trace', async () => {
    let headers: IncomingMessage['headers'] = {}
    handle = (request, response) => {
      headers = request.headers
      answering({ data: { a: 1 } })(request, response)
    }
    expect((await fetchFrom()).data).toEqual({ a: 1 })
    expect(headers).toMatchObject({
      authorization: 'Bearer for-models',
      'x-request-id': 'req_1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    })
  })

  it('says TIMEOUT when no answer comes in time', async () => {
    handle = () => {}
    expect((await fetchFrom()).errors?.[0]?.extensions).toEqual({ code: 'TIMEOUT', service: 'models' })
  })

  it('gives the fetch up when the client leaves', async () => {
    let isOpen = false
    handle = (_request, response) => {
      isOpen = true
      response.once('close', () => {
        isOpen = false
      })
    }
    const fetching = fetchFrom()
    await until('the fetch arrives', () => isOpen)
    leaving.abort()
    expect((await fetching).data).toBeNull()
    await until('the fetch is given up', () => !isOpen)
  })

  it.each<[string, unknown, number]>([
    ['a page of a proxy', '<html>Bad gateway</html>', 502],
    ['JSON that is no GraphQL result', { hello: 1 }, 200],
    ['nothing', '', 200],
  ])('says UNAVAILABLE when the answer is %s', async (_what, answer, status) => {
    handle = answering(answer, status)
    expect((await fetchFrom()).errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE', service: 'models' })
  })

  it('masks an error whose code is not of the list, and keeps the details of one that is', async () => {
    const errors = [
      { message: 'at /srv/models.ts:7', extensions: { code: 'INTERNAL_SERVER_ERROR', stacktrace: ['x'] } },
      { message: 'no such model', extensions: { code: 'NOT_FOUND', model: 'a', stacktrace: ['x'] } },
    ]
    handle = answering({ data: null, errors })
    const [masked, passed] = (await fetchFrom()).errors!
    expect(masked?.extensions).toEqual({ code: 'INTERNAL', service: 'models' })
    expect(masked?.message).toContain('req_1')
    expect(JSON.stringify(masked)).not.toContain('srv')
    expect(passed).toEqual({
      message: 'no such model',
      extensions: { code: 'NOT_FOUND', model: 'a', service: 'models' },
    })
  })
})
