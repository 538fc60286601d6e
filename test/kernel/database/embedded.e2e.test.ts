import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openCluster } from '../../../kernel/database/cluster.ts'
import { openDatabase } from '../../../kernel/database/service-database.ts'
import { readEnv } from '../../../kernel/env.ts'
import { openLog } from '../../../kernel/log.ts'
import { until } from '../../support/condition.ts'

const log = openLog('test', 'silent')
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-data-'))
  // As on a machine where the data folder is open to the user that PostgreSQL runs as.
  await chmod(folder, 0o755)
})

afterEach(() => rm(folder, { recursive: true }))

/** A process of its own that keeps the embedded server and prints its port. */
async function startHolder() {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'holder.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
  return { child, ...(JSON.parse(line) as { port: number; started: boolean; url: string }) }
}

async function serverPid(data = join(folder, 'postgres', 'data')): Promise<number | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Number(text.split('\n')[0])
}

describe('the embedded PostgreSQL', () => {
  it('is stopped by the last process that leaves it', async () => {
    const first = await openCluster(folder, log)
    const second = await openCluster(folder, log)
    expect([first.started, second.started]).toEqual([true, false])
    expect(second.port).toBe(first.port)

    await first[Symbol.asyncDispose]()
    expect(await serverPid()).toBeDefined()
    await second[Symbol.asyncDispose]()
    expect(await serverPid()).toBeUndefined()
  })

  it('is stopped by its owner whoever else is there', async () => {
    const guest = await openCluster(folder, log)
    const owner = await openCluster(folder, log, { own: true })
    await owner[Symbol.asyncDispose]()
    expect(await serverPid()).toBeUndefined()
    await guest[Symbol.asyncDispose]()
  })

  it('is started once by processes that start at the same moment', async () => {
    const clusters = await Promise.all(Array.from({ length: 4 }, () => startHolder()))
    expect(clusters.filter(cluster => cluster.started)).toHaveLength(1)
    expect(new Set(clusters.map(cluster => cluster.port)).size).toBe(1)

    for (const { child } of clusters) child.kill('SIGTERM')
    await Promise.all(clusters.map(({ child }) => once(child, 'exit')))
    expect(await serverPid()).toBeUndefined()
  })

  it('is reused with everything acknowledged after its process was killed', async () => {
    const killed = await startHolder()
    const client = new pg.Client({ connectionString: killed.url })
    await client.connect()
    await client.query('CREATE TABLE kept AS SELECT 42 AS answer')
    await client.end()
    killed.child.kill('SIGKILL')
    await once(killed.child, 'exit')
    const pid = await serverPid()

    await using database = await openDatabase('realtime', readEnv({ FORGE_DATA: folder }), log)
    expect(await serverPid()).toBe(pid)
    expect((await database.pool.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }])
  })

  it('recovers on the same port when the server itself was killed', async () => {
    const killed = await startHolder()
    const client = new pg.Client({ connectionString: killed.url })
    const cut = new Promise(resolve => client.on('error', resolve))
    await client.connect()
    await client.query('CREATE TABLE kept AS SELECT 42 AS answer')
    killed.child.kill('SIGKILL')
    process.kill((await serverPid())!, 'SIGKILL')
    await cut

    await using database = await openDatabase('realtime', readEnv({ FORGE_DATA: folder }), log)
    expect((await database.pool.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }])
    expect(Number(new URL(database.url).port)).toBe(killed.port)
  })

  it('is started again, with everything acknowledged, when it dies under those that use it', async () => {
    await using database = await openDatabase('realtime', readEnv({ FORGE_DATA: folder }), log)
    await database.pool.query('CREATE TABLE kept AS SELECT 42 AS answer')
    const killed = (await serverPid())!
    process.kill(killed, 'SIGKILL')

    const answer = () => database.pool.query('SELECT answer FROM kept').catch(() => undefined)
    const isAnother = async () => ![killed, undefined].includes(await serverPid())
    await until('another server runs', isAnother, 30_000)
    await until('it answers again', async () => (await answer())?.rows[0]?.answer === 42, 30_000)
  }, 90_000)

  it('lets no service into the database of another', async () => {
    const env = readEnv({ FORGE_DATA: folder })
    await using training = await openDatabase('training', env, log)
    await using models = await openDatabase('models', env, log)

    const trespass = new URL(training.url)
    trespass.pathname = new URL(models.url).pathname
    const client = new pg.Client({ connectionString: trespass.href })
    await expect(client.connect()).rejects.toThrow('permission denied for database "forge_models"')
    expect((await models.pool.query('SELECT current_user AS role')).rows).toEqual([{ role: 'forge_models' }])
  })

  it('keeps passwords where only their owner reads them', async () => {
    await using _training = await openDatabase('training', readEnv({ FORGE_DATA: folder }), log)
    for (const file of ['password', 'roles/forge_training']) {
      expect((await stat(join(folder, 'postgres', file))).mode & 0o077).toBe(0)
    }
  })
})

describe.runIf(process.getuid?.() === 0)('as root, with a data folder that nobody can enter', () => {
  beforeEach(() => chmod(folder, 0o700))

  it('keeps its data elsewhere, and starts anew when the data folder was removed', async () => {
    const first = await openCluster(folder, log)
    const client = new pg.Client({ connectionString: first.adminUrl })
    await client.connect()
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory')
    await client.query('CREATE TABLE kept AS SELECT 42')
    await client.end()
    expect(rows[0]!.data_directory).toMatch(/^\/var\/tmp\/agent-forge-[0-9a-f]{16}\/data$/)
    await first[Symbol.asyncDispose]()

    await rm(join(folder, 'postgres'), { recursive: true })
    const second = await openCluster(folder, log)
    const again = new pg.Client({ connectionString: second.adminUrl })
    await again.connect()
    expect((await again.query("SELECT to_regclass('kept') AS kept")).rows).toEqual([{ kept: null }])
    await again.end()
    await second[Symbol.asyncDispose]()
    await rm(join(rows[0]!.data_directory, '..'), { recursive: true })
  })
})

describe('openDatabase with a URL', () => {
  it('names server and variable, and never the password, when it cannot connect', async () => {
    const url = 'postgres://someone:secret@127.0.0.1:1/nowhere'
    const opening = openDatabase('models', readEnv({ MODELS_DATABASE_URL: url }), log)
    await expect(opening).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^(?!.*secret).*127\.0\.0\.1:1.*MODELS_DATABASE_URL/),
    })
  })

  it('refuses a URL of another kind', async () => {
    const env = readEnv({ MODELS_DATABASE_URL: 'mysql://127.0.0.1/models' })
    await expect(openDatabase('models', env, log)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
