import { describe, expect, it } from 'vitest'
import { guardedAttempts } from '../../gateway/execution/resilience.ts'
import { clientUntil } from '../../gateway/http/client.ts'
import { DomainError } from '../../kernel/errors.ts'

const broken = (code: string) => Object.assign(new Error(code), { code })

/** Fails with these in turn, then answers. */
function failing(...failures: readonly Error[]) {
  const made = { count: 0 }
  return {
    made,
    attempt: async () => {
      const failure = failures[made.count++]
      if (failure) throw failure
      return 'answer'
    },
  }
}

describe('the attempts at a subgraph', () => {
  it('asks again after a broken connection, when asking again does no harm', async () => {
    const { attempt, made } = failing(broken('ECONNRESET'), new DomainError('UNAVAILABLE', 'HTTP status 502'))
    expect(await guardedAttempts('models').run(attempt, true, undefined)).toBe('answer')
    expect(made.count).toBe(3)
  })

  it('never repeats a mutation', async () => {
    const { attempt, made } = failing(broken('ECONNRESET'))
    await expect(guardedAttempts('models').run(attempt, false, undefined)).rejects.toThrow('ECONNRESET')
    expect(made.count).toBe(1)
  })

  it('does not repeat what took too long', async () => {
    const { attempt, made } = failing(broken('UND_ERR_HEADERS_TIMEOUT'))
    await expect(guardedAttempts('models').run(attempt, true, undefined)).rejects.toThrow('TIMEOUT')
    expect(made.count).toBe(1)
  })

  it('gives up between two attempts when the client leaves', async () => {
    const leaving = new AbortController()
    let count = 0
    const attempt = async () => {
      count += 1
      leaving.abort()
      throw broken('ECONNREFUSED')
    }
    await expect(guardedAttempts('models').run(attempt, true, clientUntil(leaving.signal))).rejects.toThrow()
    expect(count).toBe(1)
  })

  it('leaves a subgraph alone that fails at everything, and says so, but not one whose clients leave', async () => {
    const { run } = guardedAttempts('models')
    const left = Object.assign(new Error('left'), { name: 'AbortError' })
    for (let i = 0; i < 20; i += 1) await run(() => Promise.reject(left), false, undefined).catch(() => {})
    expect(await run(async () => 'answer', false, undefined)).toBe('answer')

    for (let i = 0; i < 10; i += 1)
      await run(() => Promise.reject(broken('ECONNREFUSED')), false, undefined).catch(() => {})
    await expect(run(async () => 'answer', true, undefined)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('"models" fails at everything'),
    })
  })
})
