import { randomUUID } from 'node:crypto'
import { type AddressInfo, createConnection, createServer } from 'node:net'
import { createClient } from 'redis'
import { expect, it } from 'vitest'
import { openRates, type Rates } from '../../gateway/identity/rates.ts'
import { until } from '../support/condition.ts'
import { freePort } from '../support/processes.ts'
import { redisUrl as url } from '../support/scratch.ts'
import { silentLog } from '../support/silent-log.ts'

const limits = { identity: 3, address: 1_000 }
const keyOf = (principal: string) => `forge:rate:identity:${principal}`

/** Resolves once these rates count in Redis, which they do not wait for. */
async function shared(rates: Rates): Promise<void> {
  await using redis = await connected()
  await until(
    'the count stands in Redis',
    async () => {
      const probe = `probe_${randomUUID()}`
      await rates.countIdentity(probe)
      return (await redis.del(keyOf(probe))) === 1
    },
    60_000,
  )
}

it('gateways that share a Redis count together', async () => {
  const principal = `key_${randomUUID()}`
  await using one = openRates(limits, url, silentLog)
  await using two = openRates(limits, url, silentLog)
  await Promise.all([one, two].map(shared))
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
  await using redis = await connected()
  expect(await redis.del(keyOf(principal))).toBe(1)
})

it('a gateway that begins while Redis is away counts by itself, and with the others once it is there', async () => {
  const port = await freePort()
  const target = new URL(url)
  const principal = `key_${randomUUID()}`
  await using rates = openRates(limits, `redis://127.0.0.1:${port}${target.pathname}`, silentLog)
  for (let count = 0; count < 3; count++) await rates.countIdentity(principal)
  await expect(rates.countIdentity(principal)).rejects.toMatchObject({ code: 'RATE_LIMITED' })

  const proxy = createServer(socket => {
    const redis = createConnection(Number(target.port || 6379), target.hostname)
    socket.pipe(redis).pipe(socket)
    for (const [end, other] of [
      [socket, redis],
      [redis, socket],
    ] as const)
      end.on('error', () => other.destroy()).on('close', () => other.destroy())
  })
  await new Promise<void>(resolve => proxy.listen(port, '127.0.0.1', resolve))
  expect((proxy.address() as AddressInfo).port).toBe(port)
  await shared(rates)
  proxy.close()
})

async function connected() {
  const redis = await createClient({ url }).connect()
  return Object.assign(redis, { [Symbol.asyncDispose]: async () => redis.destroy() })
}
