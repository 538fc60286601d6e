import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { maskError } from '../../kernel/masking.ts'
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

  it('is nothing of a bug', () => {
    const { message, extensions } = maskError(new Error('password=1'), silentLog)
    expect(extensions.code).toBe('INTERNAL')
    expect(message).not.toContain('password')
  })
})
