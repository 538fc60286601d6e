import { describe, expect, it } from 'vitest'
import { roles } from '../../../../kernel/auth/identity.ts'
import { roleOf } from '../../../../subgraphs/orchestration/identities/key.ts'
import { createApiKey, revokeApiKey, verifyKey } from '../../../../subgraphs/orchestration/identities/service.ts'
import { admin, memoryKeys, standingClock } from '../memory.ts'

function setUp() {
  const memory = memoryKeys()
  const clock = standingClock()
  return { ...memory, ...clock, parts: { keys: memory.keys, now: clock.now } }
}
const input = { name: 'ci', role: 'trainer' as const }
const adminOf = (project: string) => ({ ...admin, project })

describe('a new key', () => {
  it('identifies its holder with the scopes of its role', async () => {
    const { parts } = setUp()
    const { apiKey, secret } = await createApiKey(parts, admin, { ...input, project: 'whales' })
    expect(secret).toMatch(/^forge_[A-Za-z0-9_-]{43}$/)
    expect(await verifyKey(parts, secret!)).toEqual({
      identity: { principal: apiKey.id, name: 'ci', project: 'whales', scopes: roles.trainer },
      expiresAt: null,
    })
  })

  it('is kept as a hash and a prefix only', async () => {
    const { parts, all } = setUp()
    const { secret } = await createApiKey(parts, admin, input)
    expect(JSON.stringify(all())).not.toContain(secret!.slice(12))
  })

  it('is for the project of who makes it, and for all only when that one sees all', async () => {
    const { parts } = setUp()
    expect((await createApiKey(parts, admin, input)).apiKey.project).toBe('default')
    expect((await createApiKey(parts, admin, { ...input, project: '*' })).apiKey.project).toBe('*')
    expect((await createApiKey(parts, adminOf('whales'), input)).apiKey.project).toBe('whales')
    await expect(createApiKey(parts, adminOf('whales'), { ...input, project: 'other' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    await expect(createApiKey(parts, adminOf('whales'), { ...input, project: '*' })).rejects.toThrow()
  })

  it('is made once per idempotency key, and its secret shown once', async () => {
    const { parts, all } = setUp()
    const first = await createApiKey(parts, admin, { ...input, expiresInSeconds: 60, idempotencyKey: 'once' })
    const again = await createApiKey(parts, admin, { ...input, expiresInSeconds: 60, idempotencyKey: 'once' })
    expect(again).toEqual({ apiKey: first.apiKey, secret: null })
    expect(all()).toHaveLength(1)
    const other = createApiKey(parts, admin, { ...input, name: 'else', idempotencyKey: 'once' })
    await expect(other).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('"once"') })
  })

  it.each([
    { ...input, name: '' },
    { ...input, expiresInSeconds: 0 },
    { ...input, project: 'a b' },
  ])('is refused for %j', async bad => {
    const { parts, all } = setUp()
    await expect(createApiKey(parts, admin, bad)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(all()).toEqual([])
  })
})

describe('a key that is no longer good', () => {
  it('is refused from the moment it expires', async () => {
    const { parts, pass } = setUp()
    const { secret } = await createApiKey(parts, admin, { ...input, expiresInSeconds: 60 })
    pass(59_999)
    await verifyKey(parts, secret!)
    pass(1)
    await expect(verifyKey(parts, secret!)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('is refused once it was revoked, which can be done twice', async () => {
    const { parts, audit } = setUp()
    const { apiKey, secret } = await createApiKey(parts, admin, input)
    await revokeApiKey(parts, admin, apiKey.id)
    await revokeApiKey(parts, admin, apiKey.id)
    await expect(verifyKey(parts, secret!)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(audit.map(entry => entry.action)).toEqual(['key.created', 'key.revoked'])
  })

  it('is not found by an admin of another project', async () => {
    const { parts } = setUp()
    const { apiKey } = await createApiKey(parts, admin, input)
    await expect(revokeApiKey(parts, adminOf('other'), apiKey.id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

it('notes the use of a key at most once a minute', async () => {
  const { parts, touches, pass } = setUp()
  const { secret } = await createApiKey(parts, admin, input)
  await verifyKey(parts, secret!)
  pass(60_000)
  await verifyKey(parts, secret!)
  expect(touches).toHaveLength(1)
  pass(1)
  await verifyKey(parts, secret!)
  expect(touches).toHaveLength(2)
})

it('tells the role of an identity from its scopes, and none of a service', () => {
  for (const role of ['viewer', 'trainer', 'operator', 'admin'] as const) {
    expect(roleOf({ ...admin, scopes: roles[role] })).toBe(role)
  }
  expect(roleOf({ ...admin, scopes: ['identity:write'] })).toBeNull()
})
