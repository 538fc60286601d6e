import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { createClient } from 'redis'
import { DomainError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'

/** Length of the window that all rates are counted in, in seconds. */
const windowSeconds = 60
/** Keys that one address may try in vain in a window. */
const wrongKeys = 60

export interface RateLimits {
  /** Requests a minute of one identity, over HTTP and WebSocket together. */
  readonly identity: number
  /** HTTP requests a minute from one address, whoever sends them. */
  readonly address: number
}

/** Sets a header of the answer; absent where there is none, as on a WebSocket. */
export type HeaderWriter = (name: string, value: string) => void

export interface Rates extends AsyncDisposable {
  /** Each counts one request, tells the headers how many are left, and throws RATE_LIMITED when none is. */
  countIdentity(principal: string, write?: HeaderWriter): Promise<void>
  countAddress(address: string, write?: HeaderWriter): Promise<void>
  /** Counts a key that was not known, and throws RATE_LIMITED to who guesses. */
  countWrongKey(address: string): Promise<void>
}

/** Counts in this process, or at `redisUrl` for all gateways of the forge together; without that server here again. */
export function openRates(limits: RateLimits, redisUrl: string | undefined, log: Log): Rates {
  const redis = redisUrl ? connect(redisUrl, log) : undefined
  const limiter = (keyPrefix: string, points: number) => {
    const own = new RateLimiterMemory({ keyPrefix, points, duration: windowSeconds })
    if (!redis) return own
    return new RateLimiterRedis({
      storeClient: redis,
      useRedisPackage: true,
      rejectIfRedisNotReady: true,
      keyPrefix: `forge:rate:${keyPrefix}`,
      points,
      duration: windowSeconds,
      insuranceLimiter: own,
      // Whoever is over the limit is refused from memory until the window ends.
      inMemoryBlockOnConsumed: points + 1,
    })
  }
  const identities = limiter('identity', limits.identity)
  const addresses = limiter('address', limits.address)
  const guesses = limiter('guess', wrongKeys)

  const count = async (by: RateLimiterMemory | RateLimiterRedis, key: string, who: string, write?: HeaderWriter) => {
    try {
      const counted = await by.consume(key)
      // Of the two, whoever is known goes by what their key has left.
      if (by === identities) tell(by.points, counted, write)
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      tell(by.points, refusal, write)
      throw tooMany(who, by.points, refusal, write)
    }
  }
  return {
    countIdentity: (principal, write) => count(identities, principal, 'Your key', write),
    countAddress: (address, write) => count(addresses, address, 'Your address', write),
    countWrongKey: address => count(guesses, address, 'Your address, with keys that are not known,'),
    async [Symbol.asyncDispose]() {
      if (redis?.isOpen) redis.destroy()
    },
  }
}

/** Tries until it succeeds: a gateway must not wait for a server that it can do without. */
function connect(url: string, log: Log) {
  // Without a server commands must fail at once, so that the limiter in memory takes over.
  const client = createClient({ url, disableOfflineQueue: true })
  const warn = (error: unknown) => log.warn({ err: error }, 'the rate limits cannot be shared just now')
  client.on('error', warn)
  client.connect().catch(warn)
  return client
}

/** The headers of draft-ietf-httpapi-ratelimit-headers-06. */
function tell(limit: number, { remainingPoints, msBeforeNext }: RateLimiterRes, write?: HeaderWriter): void {
  write?.('ratelimit-limit', `${limit}, ${limit};w=${windowSeconds}`)
  write?.('ratelimit-remaining', String(Math.max(0, remainingPoints)))
  write?.('ratelimit-reset', String(Math.ceil(msBeforeNext / 1000)))
}

function tooMany(who: string, limit: number, { msBeforeNext }: RateLimiterRes, write?: HeaderWriter): DomainError {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
  write?.('retry-after', String(seconds))
  return new DomainError(
    'RATE_LIMITED',
    `${who} has sent more than ${limit} requests within ${windowSeconds} s: try again in ${seconds} s.`,
  )
}
