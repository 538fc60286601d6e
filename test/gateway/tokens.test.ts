import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { identityVerifier, newSigningKey, openSigner, type Verify } from '../../kernel/auth/tokens.ts'
import { close, listen, type Serving } from '../../kernel/serve.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf, type Result, subscribe } from '../support/gateway.ts'
import { startIdentityService } from '../support/identity-service.ts'
import { library } from '../support/library.ts'

interface Key {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
}

async function newKey(kid: string, alg = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg)
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg } }
}

describe('tokens of another issuer', () => {
  const parts = library()
  const published: Key[] = []
  let issuer: Server
  let issuerUrl: string
  let first: Key
  let graph: FederatedGraph
  let gateway: Serving
  const opened = new AsyncDisposableStack()
  beforeAll(async () => {
    issuer = createServer((_request, response) => {
      response.end(JSON.stringify({ keys: published.map(({ publicJwk }) => publicJwk) }))
    })
    issuerUrl = await listen(issuer, '127.0.0.1', 0)
    opened.defer(() => close(issuer))
    first = await newKey('first')
    published.push(first)
    const identities = opened.use(await startIdentityService())
    const verifiers = new Map<string, Verify>()
    graph = opened.use(
      await startFederatedGraph(parts.sources, name => authorization => verifiers.get(name)!(authorization)),
    )
    gateway = opened.use(
      await gatewayOf(graph, {
        FORGE_AUTH: 'on',
        ORCHESTRATION_URL: identities.url,
        OIDC_ISSUER: issuerUrl,
        OIDC_AUDIENCE: 'forge',
        OIDC_ROLE_CLAIM: 'realm_access.roles',
        OIDC_ROLES: 'ml-team=trainer',
      }),
    )
    for (const name of Object.keys(parts.sources)) verifiers.set(name, identityVerifier(gateway.url, name))
  })
  afterAll(() => opened.disposeAsync())

  const token = (
    key: Key,
    claims: object = {},
    { audience = 'forge', issuer = issuerUrl, life = '1m' as string | Date } = {},
  ) =>
    new SignJWT({ realm_access: { roles: ['ml-team', 'viewer'] }, project: 'whales', name: 'A person', ...claims })
      .setProtectedHeader({ alg: key.publicJwk.alg!, kid: key.kid })
      .setSubject('42')
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime(life)
      .sign(key.privateKey)
  const asking = async (credential: string): Promise<Result & { status: number }> =>
    ask(gateway, '{ books { author { name } } }', {}, { authorization: `Bearer ${credential}` })

  it('are identities with the role that a claim maps to, over HTTP and WebSocket', async () => {
    const given = await token(first)
    expect((await asking(given)).errors).toBeUndefined()
    expect(parts.asked.identities.at(-1)).toMatchObject({ principal: 'token:42', name: 'A person', project: 'whales' })
    expect((parts.asked.identities.at(-1) as { scopes: string[] }).scopes).toContain('training:write')
    const connectionParams = { authorization: `Bearer ${given}` }
    expect((await subscribe(gateway, '{ open }', { connectionParams }).next()).value.data).toEqual({ open: true })
  })

  it('close a connection when they expire', async () => {
    // Five seconds are forgiven to clocks that differ, of which four are left.
    const given = await token(first, {}, { life: new Date(Date.now() - 1_000) })
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${given}` } }))
    expect(JSON.parse(String((await once(socket, 'message'))[0]))).toEqual({ type: 'connection_ack' })
    expect((await once(socket, 'close'))[0]).toBe(4401)
  })

  it('have no scope when no role is known', async () => {
    await asking(await token(first, { realm_access: { roles: ['cook'] } }))
    expect(parts.asked.identities.at(-1)).toMatchObject({ scopes: [] })
  })

  it('are refused when they are for somebody else, from somebody else, too old, or signed by a stranger', async () => {
    const stranger = await newKey('first')
    const bad = [
      await token(first, {}, { audience: 'kitchen' }),
      await token(first, {}, { issuer: 'http://evil.test' }),
      await token(first, {}, { life: '-1m' }),
      await token(stranger),
    ]
    for (const each of bad) {
      expect(await asking(each)).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    }
  })

  it('are refused without a signature, and with the public key as a shared secret', async () => {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    const claims = { sub: '42', iss: issuerUrl, aud: 'forge', exp: Math.floor(Date.now() / 1000) + 60, role: 'admin' }
    const unsigned = `${encode({ alg: 'none' })}.${encode(claims)}.x`
    const shared = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'first' })
      .sign(new TextEncoder().encode(JSON.stringify(first.publicJwk)))
    for (const each of [unsigned, shared]) expect((await asking(each)).status).toBe(401)
  })

  it('are taken without a gap while the issuer changes its key', async () => {
    const second = await newKey('second', 'EdDSA')
    published.push(second)
    await expect.poll(async () => (await asking(await token(second))).status, { timeout: 5_000 }).toBe(200)
    expect((await asking(await token(first))).status).toBe(200)
  })
})

describe('the gateway’s own keys', () => {
  it('are published two at a time, so that tokens of either are good while gateways change over', async () => {
    const [before, after] = [await newSigningKey(), await newSigningKey()]
    const [old, next] = [await openSigner(before, [after]), await openSigner(after, [before])]
    expect(JSON.stringify(next.jwks)).not.toContain('"d"')
    const server = createServer((_request, response) => void response.end(JSON.stringify(next.jwks)))
    const verify = identityVerifier(await listen(server, '127.0.0.1', 0), 'training')
    const identity = { principal: 'key_1', name: '', project: '*', scopes: [] }
    for (const signer of [old, next]) {
      expect(await verify(`Bearer ${await signer.sign(identity, 'training')}`)).toEqual(identity)
    }
    await close(server)
  })
})
