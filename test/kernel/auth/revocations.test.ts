import { createServer } from 'node:http'
import { expect, it } from 'vitest'
import { followRevocations } from '../../../kernel/auth/revocations.ts'
import { identityVerifier, newSigningKey, openSigner } from '../../../kernel/auth/tokens.ts'
import { newId } from '../../../kernel/ids.ts'
import { close, listen } from '../../../kernel/serve.ts'
import { until } from '../../support/condition.ts'
import { silentLog } from '../../support/silent-log.ts'
import { openMemoryBus } from '../bus/memory.ts'

it('a service refuses an identity whose key was revoked after the gateway had signed it', async () => {
  const signer = await openSigner(await newSigningKey())
  const server = createServer((_request, response) => response.end(JSON.stringify(signer.jwks)))
  const url = await listen(server, '127.0.0.1', 0)
  const bus = openMemoryBus(() => 60_000)
  const publish = (key: string, age: number) =>
    bus.publish([
      {
        id: newId('evt'),
        topic: 'key.revoked',
        key,
        project: 'default',
        at: new Date(Date.now() - age).toISOString(),
        data: { keyId: key },
      },
    ])
  // What was revoked before this process began counts too, but not what no living identity can stand for.
  await publish('key_before', 1_000)
  await publish('key_old', 3_600_000)
  await using revocations = followRevocations(bus, silentLog)
  const verify = identityVerifier(url, 'training', { revocations })
  const identities = Object.fromEntries(
    await Promise.all(
      ['key_before', 'key_old', 'key_ada', 'key_bob'].map(async principal => {
        const identity = { principal, name: principal, project: 'default', scopes: [] }
        return [principal, `Bearer ${await signer.sign(identity, 'training')}`] as const
      }),
    ),
  )
  const isTaken = (principal: string) =>
    verify(identities[principal]).then(
      () => true,
      ({ code }) => {
        expect(code).toBe('UNAUTHENTICATED')
        return false
      },
    )

  expect(await isTaken('key_ada')).toBe(true)
  await publish('key_ada', 0)
  await until('the revoked one is refused', async () => !(await isTaken('key_ada')), 60_000)
  expect(await isTaken('key_before')).toBe(false)
  expect(await isTaken('key_old')).toBe(true)
  expect(await isTaken('key_bob')).toBe(true)
  await close(server)
})
