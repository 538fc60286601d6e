import { expect, it } from 'vitest'
import { verifyKey } from '../../../../subgraphs/orchestration/identities/service.ts'
import { createLoginCode, logIn } from '../../../../subgraphs/orchestration/logins/service.ts'
import { admin, memoryKeys, standingClock } from '../memory.ts'

function setUp() {
  const { now, pass } = standingClock()
  return { pass, parts: { ...memoryKeys(), now } }
}

it('opens one admin session per code, which lasts twelve hours', async () => {
  const { parts, pass } = setUp()
  const { code } = await createLoginCode(parts, admin)
  const { key } = await logIn(parts, code)
  expect((await verifyKey(parts, key)).identity).toMatchObject({
    principal: expect.stringMatching(/^session_/),
    project: '*',
  })
  await expect(logIn(parts, code)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  pass(12 * 60 * 60 * 1_000)
  await expect(verifyKey(parts, key)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

it('refuses a code after ten minutes, and one that never was', async () => {
  const { parts, pass } = setUp()
  const { code } = await createLoginCode(parts, admin)
  pass(10 * 60 * 1_000)
  await expect(logIn(parts, code)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  await expect(logIn(parts, 'login_none')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

it('gives no code to an admin of one project, for a session sees all', async () => {
  const { parts } = setUp()
  await expect(createLoginCode(parts, { ...admin, project: 'whales' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
})
