import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readClientEnv } from '../../client/env.ts'
import { connectForge } from '../../client/forge.ts'
import { startEventServer } from './event-server.ts'

describe('a request', () => {
  let server: Awaited<ReturnType<typeof startEventServer>>
  beforeEach(async () => {
    server = await startEventServer('events')
  })
  afterEach(() => server[Symbol.asyncDispose]())
  const connect = (project?: string) => connectForge({ url: server.url, apiKey: 'forge_test', project })

  it('gives one field of the answer, typed', async () => {
    server.answers(({ query, variables }) => ({ data: { pauseJob: { id: variables.id, status: query.length } } }))
    expect(await connect().pauseJob('job_1')).toMatchObject({ id: 'job_1' })
  })

  it('fails with the code and message of the forge', async () => {
    const error = { message: 'no such job', path: ['job'], extensions: { code: 'NOT_FOUND' } }
    server.answers(() => ({ data: { job: null }, errors: [error] }))
    await expect(connect().job('job_1')).rejects.toMatchObject({
      name: 'ForgeError',
      code: 'NOT_FOUND',
      message: 'no such job',
      path: ['job'],
    })
  })

  it('gives what there is when one service is away for a part of it', async () => {
    const error = { message: 'models is away', path: ['job', 'output'], extensions: { code: 'UNAVAILABLE' } }
    const answer = { data: { job: { id: 'job_1', output: null } }, errors: [error] }
    server.answers(() => answer)
    expect(await connect().job('job_1')).toEqual(answer.data.job)
    expect(await connect().execute('{ job }', {})).toEqual(answer)
  })

  it('works in the project of the environment unless it names one', async () => {
    const asked: unknown[] = []
    server.answers(({ variables }) => {
      asked.push(variables.input)
      return { data: { runPipeline: {} } }
    })
    await connect('whales').runPipeline({ modelName: 'm' })
    await connect('whales').runPipeline({ modelName: 'm', project: 'other' })
    await connect().runPipeline({ modelName: 'm' })
    expect(asked).toEqual([
      { modelName: 'm', project: 'whales' },
      { modelName: 'm', project: 'other' },
      { modelName: 'm' },
    ])
  })

  it('gives a page and where the next one begins', async () => {
    const page = (hasNextPage: boolean) => ({
      data: { jobs: { edges: [{ node: { id: 'job_1' } }], pageInfo: { hasNextPage, endCursor: 'c' } } },
    })
    server.answers(() => page(true))
    expect(await connect().jobs()).toEqual({ items: [{ id: 'job_1' }], next: 'c' })
    server.answers(() => page(false))
    expect(await connect().jobs()).toEqual({ items: [{ id: 'job_1' }], next: null })
  })

  it('says when the address is not that of a forge', async () => {
    server.answers((_body, response) => response.writeHead(404).end('<html>'))
    await expect(connect().viewer()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('HTTP 404'),
    })
  })

  it('says what to do when nothing serves at the address', async () => {
    const forge = connectForge({ url: 'http://127.0.0.1:1' })
    await expect(forge.viewer()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('npm start'),
    })
  })
})

describe('the environment of a client', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forge-client-'))
    await writeFile(join(folder, 'admin-key'), 'forge_local\n')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is the local forge and its admin key unless it says otherwise', () => {
    expect(readClientEnv({ FORGE_DATA: folder })).toEqual({
      url: 'http://127.0.0.1:4000',
      apiKey: 'forge_local',
      project: undefined,
    })
    const given = { FORGE_DATA: folder, FORGE_API_KEY: 'forge_given', FORGE_PROJECT: 'whales' }
    expect(readClientEnv(given)).toMatchObject({ apiKey: 'forge_given', project: 'whales' })
  })

  it('never sends the local admin key to another machine', () => {
    for (const FORGE_URL of ['https://forge.example', 'http://127.0.0.1.example', 'http://127.0.0.1@evil.example']) {
      expect(readClientEnv({ FORGE_DATA: folder, FORGE_URL }).apiKey).toBeUndefined()
    }
  })

  it('may have no key at all, and refuses an address that is none', () => {
    expect(readClientEnv({ FORGE_DATA: join(folder, 'nowhere') }).apiKey).toBeUndefined()
    expect(() => readClientEnv({ FORGE_URL: 'forge' })).toThrow('"forge"')
  })
})
