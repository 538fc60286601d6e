import { createServer } from 'node:http'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { roles } from '../../kernel/auth/identity.ts'
import { identityVerifier, newSigningKey, openSigner } from '../../kernel/auth/tokens.ts'
import { close, listen } from '../../kernel/serve.ts'

const identity = { principal: 'key_1', name: 'Ada', project: 'default', scopes: roles.viewer }

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

it('verifies a token once, and no longer than it lives', async () => {
  const signer = await openSigner(await newSigningKey())
  const gateway = createServer((_request, response) => response.end(JSON.stringify(signer.jwks)))
  try {
    const verify = identityVerifier(await listen(gateway, '127.0.0.1', 0), 'models')
    const token = `Bearer ${await signer.sign(identity, 'models')}`

    const first = await verify(token)
    expect(first).toEqual(identity)
    expect(await verify(token)).toBe(first)
    await expect(verify(`${token.slice(0, -4)}AAAA`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(verify(`Bearer ${await signer.sign(identity, 'training')}`)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })

    // Clocks of two machines may differ by five seconds.
    vi.setSystemTime(Date.now() + 66_000)
    await expect(verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  } finally {
    await close(gateway)
  }
})
