import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { addressRefused } from '../errors.ts'

/**
 * Whether an address is one of the open internet. What is not may be a service that trusts its network: this machine,
 * one beside it, or the metadata of a cloud.
 */
export const isPublic = (address: string): boolean => ipaddr.process(address).range() === 'unicast'

/** Throws FORBIDDEN where the host is written as an address that is not public: such a one is never looked up. */
export function checkLiteral(host: string): void {
  const address = host.replace(/^\[|\]$/g, '')
  if (isIP(address) && !isPublic(address)) throw addressRefused(host, address)
}

type Answer = (error: Error | null, address?: string | LookupAddress[], family?: number) => void

/**
 * As `dns.lookup`, without the addresses that are not public. As the connection is made to what this answers, a name that
 * changes its address between a check and the connection gains nothing.
 */
export function publicLookup(host: string, options: LookupOptions, answer: Answer): void {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error) return answer(error)
    const allowed = addresses.filter(({ address }) => isPublic(address))
    const [first] = allowed
    if (!first) return answer(addressRefused(host, addresses[0]?.address ?? 'no address'))
    if (options.all) answer(null, allowed)
    else answer(null, first.address, first.family)
  })
}
