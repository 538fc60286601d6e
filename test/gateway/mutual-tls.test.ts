import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { Agent, fetch as fetchOver } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { makeDevelopmentAuthority } from '../../forge/dev-ca.ts'
import { identityVerifier, newSigningKey, openSigner, type Verify } from '../../kernel/auth/tokens.ts'
import { readEnv } from '../../kernel/env.ts'
import type { Serving } from '../../kernel/serve.ts'
import { openPeerTls, type PeerTls } from '../../kernel/tls/credentials.ts'
import { until } from '../support/condition.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf, subscribe } from '../support/gateway.ts'
import { library } from '../support/library.ts'
import { freePort } from '../support/processes.ts'
import { silentLog } from '../support/silent-log.ts'

describe('mutual TLS between processes', () => {
  const parts = library()
  let folder: string
  let tls: PeerTls
  let graph: FederatedGraph
  let gateway: Serving
  let port: number
  const variables = (name: string, authority = 'ca') => ({
    FORGE_TLS_CERT: join(folder, `${name}.pem`),
    FORGE_TLS_KEY: join(folder, `${name}-key.pem`),
    FORGE_TLS_CA: join(folder, `${authority}.pem`),
  })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mtls-'))
    await makeDevelopmentAuthority(folder, ['gateway', 'books'])
    await makeDevelopmentAuthority(join(folder, 'strangers'), ['gateway'])
    tls = openPeerTls(variables('books'), silentLog, 50)!
    port = await freePort()
    const verifiers = new Map<string, Verify>()
    graph = await startFederatedGraph(parts.sources, name => header => verifiers.get(name)!(header), tls)
    for (const name of Object.keys(parts.sources))
      verifiers.set(name, identityVerifier(`https://127.0.0.1:${port}`, name, { tls }))
    gateway = await gatewayOf(graph, { ...variables('gateway'), GATEWAY_PEER_PORT: String(port) })
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
    tls[Symbol.dispose]()
    await rm(folder, { recursive: true })
  })

  it('carries queries and subscriptions, and the keys that identities are checked with', async () => {
    const { data, errors } = await ask(gateway, '{ books { author { name } } }')
    expect(errors).toBeUndefined()
    expect(data!.books).toHaveLength(4)
    const events = subscribe(gateway, 'subscription { sales { book { title } } }')
    const first = events.next()
    await until('the subgraph is subscribed to', () => parts.stream.listeners() > 0)
    parts.stream.publish('1')
    expect((await first).value).toEqual({ data: { sales: { book: { title: 'Book 1' } } } })
    await events.return!()
  })

  it('refuses who shows no certificate, or one of another authority, on every way in', async () => {
    const stranger = {
      cert: await readFile(join(folder, 'strangers/gateway.pem'), 'utf8'),
      key: await readFile(join(folder, 'strangers/gateway-key.pem'), 'utf8'),
    }
    for (const shown of [{}, stranger]) {
      await using dispatcher = disposable(new Agent({ connect: { ...shown, rejectUnauthorized: false } }))
      const status = async (url: string) => (await fetchOver(url, { dispatcher })).status
      expect(await status(graph.url('books'))).toBe(403)
      expect(await status(`https://127.0.0.1:${port}/.well-known/jwks.json`)).toBe(403)
      expect(await status(`https://127.0.0.1:${port}/health`)).toBe(200)
      const socket = new WebSocket(graph.url('shop').replace('https', 'wss'), 'graphql-transport-ws', {
        ...shown,
        rejectUnauthorized: false,
      })
      expect(String((await once(socket, 'error'))[0])).toContain('403')
    }
  })

  it('is spoken to the forge’s own services only', async () => {
    const verify = identityVerifier(`https://127.0.0.1:${port}`, 'books', {
      tls: {
        ...tls,
        credentials: { ...tls.credentials, ca: await readFile(join(folder, 'strangers/ca.pem'), 'utf8') },
      },
    })
    const { sign } = await openSigner(await newSigningKey())
    const identity = { principal: 'key_1', name: '', project: '*', scopes: [] }
    await expect(verify(`Bearer ${await sign(identity, 'books')}`)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('takes up a renewed certificate without a restart', async () => {
    const { hostname, port: served } = new URL(graph.url('books'))
    const serial = async () => {
      const socket = connect({ host: hostname, port: Number(served), rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      const { serialNumber } = socket.getPeerCertificate()
      socket.destroy()
      return serialNumber
    }
    const before = await serial()
    await makeDevelopmentAuthority(folder, ['books'])
    await until('the new certificate is shown', async () => (await serial()) !== before)
    expect((await ask(gateway, '{ books { title } }')).errors).toBeUndefined()
  })

  it('leaves no link in the clear, and says what is wrong with its files', async () => {
    const refused = (change: object) => gatewayOf(graph, { ...variables('gateway'), ...change })
    await expect(refused({ FORGE_TLS_KEY: '' })).rejects.toThrow('set all three')
    await expect(refused({ FORGE_TLS_KEY: '/nowhere.pem' })).rejects.toThrow('/nowhere.pem')
    await expect(refused({ FORGE_TLS_KEY: join(folder, 'books-key.pem') })).rejects.toThrow(
      'no certificate with its key',
    )
    await expect(refused({ FORGE_AUTH: 'on' })).rejects.toThrow(`ORCHESTRATION_URL is ${readEnv({}).ORCHESTRATION_URL}`)
    expect(() => identityVerifier('http://127.0.0.1:4000', 'books', { tls })).toThrow('begin it with https://')
  })
})

const disposable = (agent: Agent) => Object.assign(agent, { [Symbol.asyncDispose]: () => agent.close() })
