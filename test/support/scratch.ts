import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { createClient } from 'redis'

export const postgresUrl = process.env.TEST_POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
export const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'

export interface Scratch extends AsyncDisposable {
  readonly url: string
}

/** An empty database of its own on the test server, dropped at the end with whoever is still connected. */
export async function scratchDatabase(): Promise<Scratch> {
  const name = `forge_test_${randomBytes(6).toString('hex')}`
  await asAdmin(`CREATE DATABASE ${name}`)
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

/** Runs one statement on the test server outside any scratch database. */
export async function asAdmin(sql: string, values: readonly unknown[] = []): Promise<void> {
  const client = new Client({ connectionString: postgresUrl })
  await client.connect()
  try {
    await client.query(sql, [...values])
  } finally {
    await client.end()
  }
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
