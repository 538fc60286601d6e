import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { type Identity, scopes } from '../../kernel/auth/identity.ts'
import type { Revocations } from '../../kernel/auth/revocations.ts'
import type { Signer } from '../../kernel/auth/tokens.ts'
import { unauthenticated, unavailable } from '../../kernel/errors.ts'
import { checkPeerUrl, peerFetch } from '../../kernel/tls/client.ts'
import type { PeerTls } from '../../kernel/tls/credentials.ts'
import { isToken, type TokenIssuer } from './tokens.ts'

/** How long a verified key is believed, in ms: a revoked one works no longer than that, and as a rule ends at once. */
const verifiedFor = 5_000
/** Characters; ours have 49, and nothing longer is worth asking about. */
const longestKey = 200
/** How long a signed identity is used again, in ms: half of its life, so that it never expires on its way. */
const signedFor = 30_000
/** Time for orchestration to answer, in ms. */
const answerWithin = 5_000

const identity = z.object({
  principal: z.string().min(1),
  name: z.string(),
  project: z.string().min(1),
  scopes: z.array(z.enum(scopes)),
})
const verified = z.object({ identity, expiresAt: z.iso.datetime({ offset: true }).nullish() })
const session = z.object({ key: z.string().min(1), expiresAt: z.iso.datetime({ offset: true }) })

export type Session = z.infer<typeof session>

export interface Identities {
  /** Throws UNAUTHENTICATED, or UNAVAILABLE when nobody can say. */
  identify(key: string | undefined): Promise<Identity>
  /** A token that only `audience` accepts. */
  sign(identity: Identity, audience: string): Promise<string>
  /** Spends a login code. Throws UNAUTHENTICATED when it was spent before or is too old. */
  login(code: string): Promise<Session>
  /** Throws UNAVAILABLE when nobody could be identified now. */
  reachable(): Promise<void>
}

const gatewayIdentity: Identity = {
  principal: 'service:gateway',
  name: 'gateway',
  project: '*',
  scopes: ['identity:write'],
}

interface IdentityOptions {
  readonly signer: Signer
  /** Orchestration's GraphQL endpoints; its other routes are beside them. */
  readonly orchestrationUrls: readonly string[]
  readonly issuer?: TokenIssuer
  /** What was revoked since it was looked up. */
  readonly revocations?: Revocations
  readonly tls?: PeerTls
}

/** Identities as orchestration knows them, and as `issuer` does where there is one. */
export function openIdentities(options: IdentityOptions): Identities {
  const { signer, orchestrationUrls, issuer, revocations, tls } = options
  const sign = cachedSigning(signer)
  for (const url of orchestrationUrls) checkPeerUrl(tls, url, 'ORCHESTRATION_URL')
  const ask = asking(orchestrationUrls, peerFetch(tls))
  const post = async (path: string, body: object): Promise<Response> =>
    ask(path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await sign(gatewayIdentity, 'orchestration')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    })

  // Keyed by hash, so that no key lies in memory longer than its request; `fetch` lets concurrent lookups share one.
  const known = new LRUCache<string, Identity, string>({
    max: 10_000,
    ttl: verifiedFor,
    fetchMethod: async (_hash, _stale, { context: key, options }) => {
      const { identity, expiresAt } = issuer && isToken(key) ? await issuer.verify(key) : await verifyKey(key)
      if (expiresAt) options.ttl = Math.max(1, Math.min(verifiedFor, expiresAt.getTime() - Date.now()))
      return identity
    },
  })
  async function verifyKey(key: string) {
    if (key.length > longestKey) throw unauthenticated(`No API key has ${key.length} characters. ${remedy}`)
    const response = await post('/identity/verify', { key })
    if (response.status === 401) throw unknownKey()
    const { identity, expiresAt } = await read(verified, response)
    return { identity, expiresAt: expiresAt ? new Date(expiresAt) : undefined }
  }

  return {
    sign,
    async identify(key) {
      if (!key) throw unauthenticated(`This request carries no API key. ${remedy}`)
      const hash = createHash('sha256').update(key).digest('base64url')
      const identity = (await known.fetch(hash, { context: key }))!
      if (revocations?.has(identity.principal)) throw unknownKey()
      return identity
    },
    async login(code) {
      const response = await post('/identity/login', { code })
      if (response.status === 401)
        throw unauthenticated('This login code was used before, or is older than ten minutes.')
      return read(session, response)
    },
    async reachable() {
      const { status } = await ask('/health', {})
      if (status >= 500) throw unavailable(`orchestration, which knows the identities, is not ready (status ${status})`)
    },
  }
}

const remedy =
  'Send the header "Authorization: Bearer KEY" (over graphql-ws the connection_init payload { "authorization": "Bearer KEY" }); ' +
  'the key of the administrator is in the file `admin-key` of the folder FORGE_DATA.'

const unknownKey = () => unauthenticated(`This API key is not known, or no longer valid. ${remedy}`)

const anonymous: Identity = { principal: 'anonymous', name: 'anonymous', project: '*', scopes }

/** Everybody may do everything: for FORGE_AUTH=off. */
export const openAnonymousIdentities = (signer: Signer): Identities => ({
  sign: cachedSigning(signer),
  identify: async () => anonymous,
  login: async () => {
    throw unauthenticated('This forge asks for no key (FORGE_AUTH=off), so there is nothing to log in to.')
  },
  reachable: async () => {},
})

/** Tokens by identity: by the very object first, which is one for all requests of five seconds. */
function cachedSigning(signer: Signer): Identities['sign'] {
  const tokens = new LRUCache<string, string, Identity>({
    max: 10_000,
    ttl: signedFor,
    fetchMethod: (key, _stale, { context: identity }) => signer.sign(identity, (JSON.parse(key) as [string])[0]),
  })
  const held = new WeakMap<Identity, Map<string, { readonly token: string; readonly until: number }>>()
  return async (identity, audience) => {
    const now = performance.now()
    const ofIdentity = held.get(identity) ?? new Map<string, { readonly token: string; readonly until: number }>()
    const known = ofIdentity.get(audience)
    if (known && now < known.until) return known.token
    const key = JSON.stringify([audience, identity])
    const token = (await tokens.fetch(key, { context: identity }))!
    held.set(identity, ofIdentity.set(audience, { token, until: now + tokens.getRemainingTTL(key) }))
    return token
  }
}

/** Asks one of the instances: that which answered last, and when it does not answer, the others. */
function asking(urls: readonly string[], fetch: typeof globalThis.fetch) {
  let at = 0
  return async (path: string, request: RequestInit): Promise<Response> => {
    for (let tried = 1; ; tried++) {
      try {
        return await fetch(new URL(path, urls[at]), { ...request, signal: AbortSignal.timeout(answerWithin) })
      } catch (error) {
        at = (at + 1) % urls.length
        if (tried < urls.length) continue
        throw unavailable(
          'The service "orchestration", which knows the identities, cannot be reached: try again in a moment.',
          error,
        )
      }
    }
  }
}

async function read<T>(shape: z.ZodType<T>, response: Response): Promise<T> {
  const answer = shape.safeParse(response.ok ? await response.json() : undefined)
  if (answer.success) return answer.data
  throw unavailable(
    `The service "orchestration" could not say who you are (HTTP status ${response.status}): try again in a moment.`,
    answer.error,
  )
}
