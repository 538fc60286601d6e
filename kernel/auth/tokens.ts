import { createRemoteJWKSet, customFetch, errors, exportJWK, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { unauthenticated, unavailable } from '../errors.ts'
import { checkPeerUrl, peerFetch } from '../tls/client.ts'
import type { PeerTls } from '../tls/credentials.ts'
import { type Identity, type Scope, scopes } from './identity.ts'
import type { Revocations } from './revocations.ts'
import { verifiedTokens } from './verified-tokens.ts'

const issuer = 'agent-forge'
const algorithm = 'EdDSA'
/** Long enough for one request and its retries, short enough that a leaked one is worth little. */
const lifetimeSeconds = 60

export interface Signer {
  /** A compact JWT that only `audience` accepts, for at most a minute. */
  sign(identity: Identity, audience: string): Promise<string>
  /** The public half, as served at /.well-known/jwks.json. */
  readonly jwks: { readonly keys: readonly JWK[] }
}

/** Signs with one key, and publishes it with the `others` that gateways of the forge sign with before and after. */
export async function openSigner(privateJwk: JWK, others: readonly JWK[] = []): Promise<Signer> {
  const key = await importJWK(privateJwk, algorithm)
  return {
    jwks: { keys: [privateJwk, ...others].map(publicHalf) },
    sign: (identity, audience) =>
      new SignJWT({ name: identity.name, project: identity.project, scopes: [...identity.scopes] })
        .setProtectedHeader({ alg: algorithm, kid: privateJwk.kid })
        .setIssuer(issuer)
        .setSubject(identity.principal)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(`${lifetimeSeconds}s`)
        .sign(key),
  }
}

const publicHalf = ({ kty, crv, x, kid }: JWK): JWK => ({ kty, crv, x, kid, alg: algorithm, use: 'sig' })

/** Makes a private key as a JWK whose `kid` is derived from its public half. */
export async function newSigningKey(): Promise<JWK> {
  const { calculateJwkThumbprint, generateKeyPair } = await import('jose')
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) }
}

interface VerifierOptions {
  readonly tls?: PeerTls
  readonly revocations?: Revocations
}

export type Verify = (authorization: string | null | undefined) => Promise<Identity>

/** Checks `Bearer …` against the gateway's published keys; throws UNAUTHENTICATED, or UNAVAILABLE when the keys can't be had. */
export function identityVerifier(
  gatewayUrl: string,
  audience: string,
  { tls, revocations }: VerifierOptions = {},
): Verify {
  checkPeerUrl(tls, gatewayUrl, 'GATEWAY_URL')
  // The default cooldown of 30 s would lock callers out for that long after the gateway changed its key.
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', gatewayUrl), {
    cooldownDuration: 1_000,
    [customFetch]: peerFetch(tls),
  })
  const verified = verifiedTokens()
  const unrevoked = (identity: Identity): Identity => {
    if (!revocations?.has(identity.principal)) return identity
    throw unauthenticated('The key that this identity stands for was revoked: use another.')
  }
  return async authorization => {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    if (!token)
      throw unauthenticated('This service takes only requests that the gateway signed: send yours to the gateway.')
    const known = verified.get(token)
    if (known) return unrevoked(known)
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: [algorithm], clockTolerance: 5 })
      const identity: Identity = {
        principal: String(payload.sub),
        name: String(payload.name),
        project: String(payload.project),
        scopes: (payload.scopes as Scope[]).filter(scope => scopes.includes(scope)),
      }
      verified.keep(token, identity, (payload.exp ?? 0) * 1_000)
      return unrevoked(identity)
    } catch (error) {
      if (error instanceof errors.JWKSTimeout || (error instanceof TypeError && error.message === 'fetch failed')) {
        throw unavailable(`The gateway's keys at ${gatewayUrl} can't be read: is it running?`, error)
      }
      if (error instanceof errors.JOSEError) {
        throw unauthenticated(
          `The identity is not valid for "${audience}" (${error.code}): send the request through the gateway.`,
        )
      }
      throw error
    }
  }
}
