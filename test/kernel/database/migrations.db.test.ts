import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Pool } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrate, readMigrations } from '../../../kernel/database/migrations.ts'
import { until } from '../../support/condition.ts'
import { scratchDatabase } from '../../support/scratch.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-migrations-'))
  await write('20260101000000_init', 'CREATE TABLE sheep (id INT PRIMARY KEY);')
  await write('20260102000000_wool', 'ALTER TABLE sheep ADD COLUMN wool INT; INSERT INTO sheep VALUES (1, 2);')
})

afterEach(() => rm(folder, { recursive: true }))

async function emptyDatabase() {
  const scratch = await scratchDatabase()
  const pool = new Pool({ connectionString: scratch.url })
  return {
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end()
      await scratch[Symbol.asyncDispose]()
    },
  }
}

async function connection({ options }: Pool) {
  const client = new Client(options)
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

async function write(name: string, sql: string) {
  await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, name, 'migration.sql'), sql)
}

describe('migrate', () => {
  it('applies each migration once however many processes start at the same moment', async () => {
    await using database = await emptyDatabase()
    const migrations = await readMigrations(folder)
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(database.pool, migrations)))

    expect(applied.filter(names => names.length > 0)).toEqual([['20260101000000_init', '20260102000000_wool']])
    expect((await database.pool.query('SELECT * FROM sheep')).rows).toEqual([{ id: 1, wool: 2 }])
  })

  it('applies only what is new', async () => {
    await using database = await emptyDatabase()
    await migrate(database.pool, await readMigrations(folder))
    await write('20260103000000_name', 'ALTER TABLE sheep ADD COLUMN name TEXT;')

    expect(await migrate(database.pool, await readMigrations(folder))).toEqual(['20260103000000_name'])
  })

  it('refuses a migration that was edited after it had been applied', async () => {
    await using database = await emptyDatabase()
    await migrate(database.pool, await readMigrations(folder))
    await write('20260101000000_init', 'CREATE TABLE sheep (id BIGINT PRIMARY KEY);')

    await expect(migrate(database.pool, await readMigrations(folder))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('20260101000000_init'),
    })
  })

  it('leaves nothing of a migration that fails half-way', async () => {
    await using database = await emptyDatabase()
    await write('20260103000000_broken', 'CREATE TABLE goat (id INT); SELECT 1 / 0;')
    await expect(migrate(database.pool, await readMigrations(folder))).rejects.toThrow('20260103000000_broken')

    const goat = await database.pool.query("SELECT to_regclass('goat') AS goat, to_regclass('sheep')::text AS sheep")
    expect(goat.rows).toEqual([{ goat: null, sheep: 'sheep' }])
    await write('20260103000000_broken', 'CREATE TABLE goat (id INT);')
    expect(await migrate(database.pool, await readMigrations(folder))).toEqual(['20260103000000_broken'])
  })

  it('gives its lock back, also after a failure', async () => {
    await using database = await emptyDatabase()
    await write('20260103000000_broken', 'SELECT 1 / 0;')
    await expect(migrate(database.pool, await readMigrations(folder))).rejects.toThrow()

    // A session that holds it gets it again, so another one asks; the server has to see the connection end.
    await using other = await connection(database.pool)
    const isFree = async () => (await other.client.query('SELECT pg_try_advisory_lock(72707369) AS free')).rows[0].free
    await until('the lock is free', isFree, 5_000)
  })
})
