import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { type Identity, scopes } from '../../kernel/auth/identity.ts'
import type { Signer } from '../../kernel/auth/tokens.ts'
import { unauthenticated, unavailable } from '../../kernel/errors.ts'
import { isToken, type TokenIssuer } from './tokens.ts'

/** How long a verified key is believed, in ms: a revoked one works no longer than that. */
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

/**
 * Identities as orchestration knows them, and as `issuer` does where there is one. `orchestrationUrl` is its GraphQL
 * endpoint; its other routes are beside it.
 */
export function openIdentities(signer: Signer, orchestrationUrl: string, issuer?: TokenIssuer): Identities {
  const sign = cachedSigning(signer)
  const post = async (path: string, body: object): Promise<Response> =>
    ask(new URL(path, orchestrationUrl), {
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
    if (response.status === 401) throw unauthenticated(`This API key is not known, or no longer valid. ${remedy}`)
    const { identity, expiresAt } = await read(verified, response)
    return { identity, expiresAt: expiresAt ? new Date(expiresAt) : undefined }
  }

  return {
    sign,
    async identify(key) {
      if (!key) throw unauthenticated(`This request carries no API key. ${remedy}`)
      const hash = createHash('sha256').update(key).digest('base64url')
      return (await known.fetch(hash, { context: key }))!
    },
    async login(code) {
      const response = await post('/identity/login', { code })
      if (response.status === 401)
        throw unauthenticated('This login code was used before, or is older than ten minutes.')
      return read(session, response)
    },
    async reachable() {
      const { status } = await ask(new URL('/health', orchestrationUrl), {})
      if (status >= 500) throw unavailable(`orchestration, which knows the identities, is not ready (status ${status})`)
    },
  }
}

const remedy =
  'Send the header "Authorization: Bearer KEY" (over graphql-ws the connection_init payload { "authorization": "Bearer KEY" }); ' +
  'the key of the administrator is in the file `admin-key` of the folder FORGE_DATA.'

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

function cachedSigning(signer: Signer): Identities['sign'] {
  const tokens = new LRUCache<string, string, Identity>({
    max: 10_000,
    ttl: signedFor,
    fetchMethod: (key, _stale, { context: identity }) => signer.sign(identity, (JSON.parse(key) as [string])[0]),
  })
  return async (identity, audience) =>
    (await tokens.fetch(JSON.stringify([audience, identity]), { context: identity }))!
}

async function ask(url: URL, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...request, signal: AbortSignal.timeout(answerWithin) })
  } catch (error) {
    throw unavailable(
      'The service "orchestration", which knows the identities, cannot be reached: try again in a moment.',
      error,
    )
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
