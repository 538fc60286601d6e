import type { LookupFunction } from 'node:net'
import { Agent, type Dispatcher, request } from 'undici'
import { DomainError } from '../../../../kernel/errors.ts'
import { badUrl, unreachable } from '../errors.ts'
import { checkLiteral, publicLookup } from './addresses.ts'
import { checkedUrl } from './url.ts'

export interface FetchSettings {
  /** `host` or `host:port` of what may be fetched although its address is not public. */
  readonly trustedHosts: readonly string[]
  /** Origin of the Hugging Face hub, or of a mirror of it. */
  readonly hub: string
}

export interface Fetched {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Dispatcher.ResponseData['body']
}

export interface Fetcher extends AsyncDisposable {
  /** Follows redirects. Throws UNAVAILABLE where nobody answers, FORBIDDEN where the address is not public. */
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<Fetched>
}

const mostRedirects = 5
const timeouts = { connectTimeout: 10_000, headersTimeout: 30_000, bodyTimeout: 30_000 }

/** Fetches from the open internet, and from trusted hosts; every hop of a redirect is looked at anew. */
export function openFetcher({ trustedHosts }: FetchSettings): Fetcher {
  const trusting = new Agent(timeouts)
  const guarded = new Agent({ ...timeouts, connect: { lookup: publicLookup as LookupFunction } })

  const hop = async (url: URL, headers: Readonly<Record<string, string>>): Promise<Fetched> => {
    const isTrusted = trustedHosts.includes(url.hostname) || trustedHosts.includes(url.host)
    if (!isTrusted) checkLiteral(url.hostname)
    try {
      const dispatcher = isTrusted ? trusting : guarded
      // What is stored are the bytes that a checksum is of.
      const sent = { 'accept-encoding': 'identity', 'user-agent': 'agent-forge', ...headers }
      const { statusCode, headers: answered, body } = await request(url, { dispatcher, headers: sent })
      return { status: statusCode, headers: answered, body }
    } catch (error) {
      throw error instanceof DomainError ? error : unreachable(url.href, error)
    }
  }
  return {
    async get(given, headers = {}) {
      let url = checkedUrl(given)
      for (let redirects = 0; redirects <= mostRedirects; redirects++) {
        const fetched = await hop(url, headers)
        const { location } = fetched.headers
        if (![301, 302, 303, 307, 308].includes(fetched.status) || typeof location !== 'string') return fetched
        await fetched.body.dump()
        url = checkedUrl(new URL(location, url).href)
      }
      throw badUrl(given, `it redirects more than ${mostRedirects} times`)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([trusting.destroy(), guarded.destroy()])
    },
  }
}
