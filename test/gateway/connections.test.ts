import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Serving } from '../../kernel/serve.ts'
import { until } from '../support/condition.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { gatewayOf } from '../support/gateway.ts'
import { type IdentityService, startIdentityService } from '../support/identity-service.ts'
import { library } from '../support/library.ts'

const query = 'subscription { sales { cursor } }'
const identityOf = (name: string) => ({ principal: `key_${name}`, name, project: 'default', scopes: [] })

describe('connections of subscribers', () => {
  let parts: ReturnType<typeof library>
  let graph: FederatedGraph
  let identities: IdentityService
  let gateway: Serving
  const sockets: WebSocket[] = []

  beforeAll(async () => {
    parts = library()
    graph = await startFederatedGraph(parts.sources)
    identities = await startIdentityService()
  })
  beforeEach(async () => {
    for (const name of ['ada', 'bob', 'cleo']) identities.keys.set(name, identityOf(name))
    gateway = await gatewayOf(graph, {
      FORGE_AUTH: 'on',
      ORCHESTRATION_URL: identities.url,
      GATEWAY_CONNECTIONS: '3',
      GATEWAY_CONNECTIONS_PER_IDENTITY: '2',
      GATEWAY_OPERATIONS_PER_CONNECTION: '2',
    })
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.terminate()
    await gateway[Symbol.asyncDispose]()
  })
  afterAll(async () => {
    parts.stream.complete()
    await graph[Symbol.asyncDispose]()
    await identities[Symbol.asyncDispose]()
  })

  function connect(): WebSocket {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    sockets.push(socket)
    return socket
  }
  async function acknowledged(key: string): Promise<WebSocket> {
    const socket = connect()
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } }))
    expect(await received(socket)).toEqual({ type: 'connection_ack' })
    return socket
  }
  const received = async (socket: WebSocket) => JSON.parse(String((await once(socket, 'message'))[0]))
  const closed = async (socket: WebSocket) => {
    const [code, reason] = await once(socket, 'close')
    return { code, reason: String(reason) }
  }
  const stream = (key: string) =>
    fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${key}`,
      },
      body: JSON.stringify({ query }),
    })

  it('are refused beyond the number of all', async () => {
    await acknowledged('ada')
    await acknowledged('ada')
    await acknowledged('bob')
    const [error] = await once(connect(), 'error')
    expect(error.message).toContain('503')
  })

  it('are refused beyond the number of one identity, over graphql-ws and as event streams, and not for others', async () => {
    const first = await acknowledged('ada')
    const events = await stream('ada')
    expect(events.headers.get('content-type')).toContain('text/event-stream')

    const third = connect()
    await once(third, 'open')
    third.send('{"type":"connection_init","payload":{"authorization":"Bearer ada"}}')
    expect(await closed(third)).toEqual({ code: 4403, reason: expect.stringContaining('2 connections open') })
    expect(await (await stream('ada')).text()).toContain('RESOURCE_EXHAUSTED')
    await acknowledged('bob')

    first.close()
    await events.body!.cancel()
    await until('the places are free again', async () => {
      const socket = connect()
      await once(socket, 'open')
      socket.send('{"type":"connection_init","payload":{"authorization":"Bearer ada"}}')
      return Promise.race([received(socket).then(() => true), closed(socket).then(() => false)])
    })
  })

  it('run no more operations at once than they may, and go on with those that they have', async () => {
    parts.stream.publish('1')
    const socket = await acknowledged('ada')
    const messages: { id: string; type: string; payload: unknown }[] = []
    socket.on('message', message => messages.push(JSON.parse(String(message))))
    for (const id of ['1', '2', '3']) {
      socket.send(
        JSON.stringify({ id, type: 'subscribe', payload: { query: query.replace('sales', 'sales(after: "0")') } }),
      )
    }
    const of = (wanted: string) => messages.find(({ id }) => id === wanted)
    await until('each is answered', () => ['1', '2', '3'].every(of))
    expect([of('1')?.type, of('2')?.type]).toEqual(['next', 'next'])
    expect(of('3')).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'RESOURCE_EXHAUSTED' } }] })
  })

  it('are closed when a message is too large', async () => {
    const socket = await acknowledged('ada')
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: `#${'x'.repeat(1_000_000)}` } }))
    expect((await closed(socket)).code).toBe(1009)
  })

  it('are closed with 4401 when nobody knows their key, and with 4429 for a second init', async () => {
    const unknown = connect()
    await once(unknown, 'open')
    unknown.send('{"type":"connection_init","payload":{"authorization":"Bearer eve"}}')
    expect((await closed(unknown)).code).toBe(4401)

    const twice = await acknowledged('ada')
    twice.send('{"type":"connection_init"}')
    expect((await closed(twice)).code).toBe(4429)
  })

  it('end within seconds after their key was revoked, over graphql-ws and as event streams', async () => {
    const socket = await acknowledged('ada')
    const other = await acknowledged('bob')
    const events = await stream('ada')
    identities.keys.delete('ada')
    const [{ code }, text] = await Promise.all([closed(socket), events.text()])
    expect(code).toBe(4401)
    expect(text).toContain('UNAUTHENTICATED')
    expect(other.readyState).toBe(WebSocket.OPEN)
  }, 15_000)

  it('of event streams break off when the gateway stops, so that clients come back', async () => {
    const reader = (await stream('ada')).body!.getReader()
    await gateway[Symbol.asyncDispose]()
    await expect(
      (async () => {
        for (;;) if ((await reader.read()).done) return
      })(),
    ).rejects.toThrow('terminated')
    gateway = await gatewayOf(graph)
  })
})
