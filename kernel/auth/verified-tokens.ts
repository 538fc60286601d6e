import { LRUCache } from 'lru-cache'
import type { Identity } from './identity.ts'

/** Tokens that are kept; a gateway signs one for each caller and half a minute. */
const maxTokens = 5_000

/** Identities by the tokens that proved them: a gateway sends one with many requests, and a signature costs more than a small query. */
export interface VerifiedTokens {
  get(token: string): Identity | undefined
  /** Keeps it until the token ends, `expiresAt` in ms since 1970. */
  keep(token: string, identity: Identity, expiresAt: number): void
}

export function verifiedTokens(): VerifiedTokens {
  const kept = new LRUCache<string, { readonly identity: Identity; readonly expiresAt: number }>({ max: maxTokens })
  return {
    get(token) {
      const found = kept.get(token)
      // By the clock that a verification reads, which may be set; the cache's own could not.
      return found && Date.now() < found.expiresAt ? found.identity : undefined
    },
    keep: (token, identity, expiresAt) => void kept.set(token, { identity, expiresAt }),
  }
}
