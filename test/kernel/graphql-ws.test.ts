import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { buildSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { serveWebSocket } from '../../kernel/graphql-ws/serving.ts'
import { listen } from '../../kernel/serve.ts'
import { silentLog } from '../support/silent-log.ts'

describe('graphql-ws connections', () => {
  let server: Server
  let sockets: AsyncDisposable
  let url: string
  beforeEach(async () => {
    server = createServer()
    const schema = buildSchema('type Query { ok: Boolean }')
    const yoga = createYoga({ schema, logging: false }) as never
    sockets = serveWebSocket({
      server,
      graph: () => ({ schema, yoga }),
      log: silentLog,
      initTimeout: 50,
      keepAlive: 50,
    })
    url = `${(await listen(server, '127.0.0.1', 0)).replace('http', 'ws')}/graphql`
  })
  afterEach(async () => {
    await sockets[Symbol.asyncDispose]()
    server.close()
  })

  it.each([
    ['of a type that only servers send', '{"type":"next","id":"1","payload":{}}'],
    ['of no type', '{}'],
    ['that is no JSON', '{'],
  ])('are closed as the fault of the client after a message %s', async (_what, message) => {
    const socket = new WebSocket(url, 'graphql-transport-ws')
    await once(socket, 'open')
    socket.send('{"type":"connection_init"}')
    await once(socket, 'message')
    socket.send(message)
    expect((await once(socket, 'close'))[0]).toBe(4400)
  })

  it('are closed when no init message comes in time', async () => {
    const [code] = await once(new WebSocket(url, 'graphql-transport-ws'), 'close')
    expect(code).toBe(4408)
  })

  it('are cut when a client answers no ping', async () => {
    const socket = new WebSocket(url, 'graphql-transport-ws', { autoPong: false })
    await once(socket, 'open')
    socket.send('{"type":"connection_init"}')
    const [code] = await once(socket, 'close')
    expect(code).toBe(1006)
  })

  it('are closed when they speak another protocol, and for what is no message of theirs', async () => {
    const [other] = await once(new WebSocket(url), 'close')
    expect(other).toBe(4406)
    const socket = new WebSocket(url, 'graphql-transport-ws')
    await once(socket, 'open')
    socket.send('{"type":"connection_init"')
    expect((await once(socket, 'close'))[0]).toBe(4400)
  })
})
