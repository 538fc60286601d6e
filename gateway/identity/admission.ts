import type { Identity } from '../../kernel/auth/identity.ts'
import { DomainError } from '../../kernel/errors.ts'
import { type HeaderReader, keyOf } from './credentials.ts'
import type { Identities } from './identities.ts'
import type { HeaderWriter, Rates } from './rates.ts'

export interface Visitor {
  readonly header: HeaderReader
  /** The `authorization` of a graphql-ws connection's init payload. */
  readonly authorization?: string
  /** Where an HTTP request comes from. What comes over a WebSocket is counted by its identity alone. */
  readonly address?: string
  readonly writeHeader?: HeaderWriter
}

export interface AdmissionParts {
  readonly identities: Identities
  readonly rates: Rates
}

/** Who asks, on every way into the gateway. Throws UNAUTHENTICATED, RATE_LIMITED, or UNAVAILABLE when nobody can say. */
export async function admit({ identities, rates }: AdmissionParts, visitor: Visitor): Promise<Identity> {
  const identity = await identify(visitor, identities, rates)
  await rates.countIdentity(identity.principal, visitor.writeHeader)
  return identity
}

/** Whoever follows a signed link: nobody in particular, who may do nothing but what the link says. */
export async function admitLink(
  rates: Rates,
  { address, writeHeader }: Pick<Visitor, 'address' | 'writeHeader'>,
): Promise<Identity> {
  await rates.countIdentity(`link:${address ?? 'unknown'}`, writeHeader)
  return { principal: 'link', name: 'link', project: 'none', scopes: [] }
}

async function identify(
  { header, authorization, address }: Visitor,
  identities: Identities,
  rates: Rates,
): Promise<Identity> {
  const key = keyOf(header, authorization)
  return countingGuesses(rates, { key, address }, () => identities.identify(key))
}

/** Counts a key that turns out to be unknown against the address that brings it. */
export async function countingGuesses<T>(
  rates: Pick<Rates, 'countWrongKey'>,
  { key, address }: { readonly key: string | undefined; readonly address: string | undefined },
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (key && address && error instanceof DomainError && error.code === 'UNAUTHENTICATED')
      await rates.countWrongKey(address)
    throw error
  }
}

/**
 * The address that a request comes from, behind as many proxies of our own as `proxies` says: each adds the one it heard
 * from at the end of X-Forwarded-For, and what stands before those anybody may have written.
 */
export function addressOf(remote: string | undefined, forwardedFor: string | undefined, proxies: number): string {
  const heard = proxies > 0 ? (forwardedFor?.split(',') ?? []) : []
  return heard.at(-proxies)?.trim() || remote || 'unknown'
}
