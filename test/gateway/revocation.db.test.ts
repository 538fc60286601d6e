import { once } from 'node:events'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { openBusAt } from '../../kernel/bus/open.ts'
import { newId } from '../../kernel/ids.ts'
import { retention } from '../../schema/events.ts'
import { until } from '../support/condition.ts'
import { startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf } from '../support/gateway.ts'
import { startIdentityService } from '../support/identity-service.ts'
import { library } from '../support/library.ts'
import { scratchDatabase } from '../support/scratch.ts'
import { silentLog } from '../support/silent-log.ts'

it('a revoked key ends on every gateway as soon as the bus tells of it, with its connections', async () => {
  await using database = await scratchDatabase()
  await using bus = await openBusAt(database.url, retention, silentLog)
  await using graph = await startFederatedGraph(library().sources)
  await using identities = await startIdentityService()
  for (const name of ['ada', 'bob'])
    identities.keys.set(name, { principal: `key_${name}`, name, project: 'default', scopes: [] })
  await using gateway = await gatewayOf(graph, {
    FORGE_AUTH: 'on',
    ORCHESTRATION_URL: identities.url,
    BUS_URL: database.url,
  })
  const codeFor = async (key: string) =>
    (await ask(gateway, '{ open }', {}, { authorization: `Bearer ${key}` })).errors?.[0]?.extensions?.code
  const connect = async (key: string) => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } }))
    await once(socket, 'message')
    return socket
  }
  const [ada, bob] = [await connect('ada'), await connect('bob')]
  expect([await codeFor('ada'), await codeFor('bob')]).toEqual([undefined, undefined])

  // The identity service goes on knowing the key, so that nothing but the event can end it.
  const at = new Date().toISOString()
  const data = { keyId: 'key_ada' }
  const closed = once(ada, 'close')
  await bus.publish([{ id: newId('evt'), topic: 'key.revoked', key: 'key_ada', project: 'default', at, data }])

  expect((await closed)[0]).toBe(4401)
  await until('the key is refused', async () => (await codeFor('ada')) === 'UNAUTHENTICATED', 60_000)
  expect(await codeFor('bob')).toBeUndefined()
  expect(bob.readyState).toBe(WebSocket.OPEN)
  bob.terminate()
})
