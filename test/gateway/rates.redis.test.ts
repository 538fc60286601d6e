import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import { expect, it } from 'vitest'
import { openRates } from '../../gateway/identity/rates.ts'
import { redisUrl as url } from '../support/scratch.ts'
import { silentLog } from '../support/silent-log.ts'

it('gateways that share a Redis count together', async () => {
  const limits = { identity: 3, address: 1_000 }
  const principal = `key_${randomUUID()}`
  await using one = await openRates(limits, url, silentLog)
  await using two = await openRates(limits, url, silentLog)
  const left: string[] = []
  const write = (name: string, value: string) => {
    if (name === 'ratelimit-remaining') left.push(value)
  }
  await one.countIdentity(principal, write)
  await two.countIdentity(principal, write)
  await one.countIdentity(principal, write)
  expect(left).toEqual(['2', '1', '0'])
  for (const rates of [one, two]) {
    await expect(rates.countIdentity(principal)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  }

  const redis = await createClient({ url }).connect()
  expect(await redis.del(`forge:rate:identity:${principal}`)).toBe(1)
  redis.destroy()
})
