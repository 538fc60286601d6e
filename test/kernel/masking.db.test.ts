import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPrisma } from '../../kernel/database/prisma.ts'
import { maskError } from '../../kernel/masking.ts'
import { PrismaClient } from '../../prisma/training/generated/client.ts'
import { trainingStores } from '../subgraphs/training/stores.ts'
import { silentLog } from '../support/silent-log.ts'

describe('what a client sees of a failure', () => {
  let forge: Awaited<ReturnType<typeof trainingStores>>
  beforeAll(async () => {
    forge = await trainingStores()
  })
  afterAll(() => forge[Symbol.asyncDispose]())

  it('names the character that PostgreSQL cannot hold', async () => {
    const error = await forge.jobs.find('job_\u0000').catch(error => error)
    expect(maskError(error, silentLog)).toMatchObject({ extensions: { code: 'INVALID_INPUT' } })
    expect(maskError(error, silentLog).message).toContain('U+0000')
  })

  it('is that the database is away, while it is', async () => {
    const pool = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/nothing' })
    const nowhere = openPrisma(PrismaClient, pool)
    const error = await nowhere.job.findFirst().catch(error => error)
    await nowhere[Symbol.asyncDispose]()
    expect(maskError(error, silentLog).extensions.code).toBe('UNAVAILABLE')

    const cut = await forge.pool.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(error => error)
    expect(maskError(cut, silentLog).extensions.code).toBe('UNAVAILABLE')
  })

  it('is nothing of a bug', () => {
    const { message, extensions } = maskError(new Error('password=1'), silentLog)
    expect(extensions.code).toBe('INTERNAL')
    expect(message).not.toContain('password')
  })
})
