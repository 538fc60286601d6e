import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Client } from 'pg'
import { createClient } from 'redis'
import { eventually } from './processes.ts'

export const postgresUrl = process.env.TEST_POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
export const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'

/** The address of another database on the test server. */
export const databaseUrl = (name: string): string => Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href

export interface Scratch extends AsyncDisposable {
  readonly url: string
}

/** A database of its own on the test server, empty or a copy, dropped at the end with whoever is still connected. */
export async function scratchDatabase(template = 'template1'): Promise<Scratch> {
  const name = `forge_test_${randomBytes(6).toString('hex')}`
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  return {
    url: databaseUrl(name),
    [Symbol.asyncDispose]: () => drop(name),
  }
}

/** A pool that has ended is still saying goodbye; cut off meanwhile, it throws where nobody can catch. In milliseconds. */
const goodbyeMs = 2_000

async function drop(name: string): Promise<void> {
  await using admin = await connectAdmin()
  const connected = async () =>
    (await admin.client.query('SELECT 1 FROM pg_stat_activity WHERE datname = $1 LIMIT 1', [name])).rows.length > 0
  for (const began = Date.now(); Date.now() - began < goodbyeMs && (await connected()); ) await wait(10)
  await admin.client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}

/** Runs one statement on the test server outside any scratch database. */
export async function asAdmin(sql: string, values: readonly unknown[] = []): Promise<void> {
  await using admin = await connectAdmin()
  await admin.client.query(sql, [...values])
}

async function connectAdmin() {
  const client = new Client({ connectionString: postgresUrl })
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

/** A key prefix of its own on the test server, whose keys are deleted at the end. */
export async function scratchPrefix(): Promise<{ readonly prefix: string } & AsyncDisposable> {
  const prefix = `{test_${randomBytes(6).toString('hex')}}`
  return {
    prefix,
    async [Symbol.asyncDispose]() {
      await using client = await connectRedis()
      for await (const keys of client.redis.scanIterator({ MATCH: `*${prefix}*`, COUNT: 1_000 })) {
        if (keys.length > 0) await client.redis.unlink(keys)
      }
    },
  }
}

export async function connectRedis() {
  const redis = createClient({ url: redisUrl })
  await redis.connect()
  return { redis, [Symbol.asyncDispose]: () => redis.close() }
}

/** Databases of the test server that are given out; the lower ones have tests of their own. */
const numbers = [8, 9, 10, 11, 12, 13, 14, 15]
/** A test that was killed holds its database for so long, in milliseconds: longer than any test takes. */
const heldMs = 600_000

/** A database number of the test server that no other test has meanwhile, empty, and emptied at the end. */
export async function scratchRedis(): Promise<Scratch> {
  await using client = await connectRedis()
  const number = await eventually(() => takeNumber(client.redis), 'a Redis database is free', 120)
  const url = `${redisUrl.replace(/\/\d*$/, '')}/${number}`
  const empty = async () => {
    const redis = await createClient({ url }).connect()
    await redis.flushDb()
    await redis.close()
  }
  await empty()
  return {
    url,
    async [Symbol.asyncDispose]() {
      await empty()
      await using client = await connectRedis()
      await client.redis.del(holderOf(number))
    },
  }
}

const holderOf = (number: number) => `forge_test_database:${number}`

async function takeNumber(redis: Awaited<ReturnType<typeof connectRedis>>['redis']): Promise<number | null> {
  const expiration = { type: 'PX', value: heldMs } as const
  for (const number of numbers) {
    if ((await redis.set(holderOf(number), 'held', { condition: 'NX', expiration })) !== null) return number
  }
  return null
}
