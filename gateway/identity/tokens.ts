import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import { type Identity, type Role, roles } from '../../kernel/auth/identity.ts'
import type { Env } from '../../kernel/env.ts'
import { invalidInput, unauthenticated, unavailable } from '../../kernel/errors.ts'

/** How long the issuer's keys are believed, in ms: a key that it takes back works no longer than that. */
const keysFor = 60_000
/** Least time between two looks at the keys for one that is not among them, in ms: a new key is known at once. */
const keysAgainAfter = 1_000
/** Never `none`, and nothing symmetric: a public key must not pass for a shared secret. */
const algorithms = ['EdDSA', 'ES256', 'ES384', 'RS256', 'PS256']
const clockTolerance = 5

export interface Verified {
  readonly identity: Identity
  readonly expiresAt: Date
}

export interface TokenIssuer {
  /** Throws UNAUTHENTICATED, or UNAVAILABLE when the issuer's keys cannot be had. */
  verify(token: string): Promise<Verified>
}

type Settings = Pick<
  Env,
  'OIDC_ISSUER' | 'OIDC_AUDIENCE' | 'OIDC_JWKS_URL' | 'OIDC_ROLE_CLAIM' | 'OIDC_ROLES' | 'OIDC_PROJECT_CLAIM'
>

/** Whether a credential is a JWT; our own keys have no dots. */
export const isToken = (credential: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(credential)

/** The issuer outside of the forge whose JWTs are taken for keys; undefined where the environment names none. */
export function openTokenIssuer(env: Settings): TokenIssuer | undefined {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = env
  if (!issuer) return
  if (!audience) throw invalidInput('OIDC_ISSUER is set without OIDC_AUDIENCE: tokens for anybody would be taken.')
  const jwksUrl = new URL(env.OIDC_JWKS_URL ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`)
  const keys = createRemoteJWKSet(jwksUrl, { cooldownDuration: keysAgainAfter, cacheMaxAge: keysFor })
  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience,
          algorithms,
          clockTolerance,
          requiredClaims: ['sub', 'exp'],
        })
        return { identity: identityOf(payload, env), expiresAt: new Date((payload.exp! + clockTolerance) * 1_000) }
      } catch (error) {
        if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || !isRefusal(error)) {
          throw unavailable('The keys of the token issuer cannot be read: try again in a moment.', error)
        }
        throw unauthenticated(`This token is not valid here (${error.code}): get a new one from ${issuer}.`)
      }
    },
  }
}

const isRefusal = (error: unknown): error is errors.JOSEError =>
  error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC'

function identityOf(payload: JWTPayload, env: Settings): Identity {
  const held = [claim(payload, env.OIDC_ROLE_CLAIM)].flat().map(value => env.OIDC_ROLES[String(value)] ?? value)
  const ranked = (Object.keys(roles) as Role[]).filter(role => held.includes(role))
  const role = ranked.at(-1)
  const project = claim(payload, env.OIDC_PROJECT_CLAIM)
  return {
    principal: `token:${payload.sub}`,
    name: String(payload.name ?? payload.email ?? payload.sub),
    project: typeof project === 'string' && project ? project : 'default',
    scopes: role ? roles[role] : [],
  }
}

/** A claim by its path, such as `realm_access.roles`; a name that holds dots itself goes first. */
function claim(payload: JWTPayload, path: string): unknown {
  if (path in payload) return payload[path]
  return path.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], payload)
}
