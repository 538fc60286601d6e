import { createServer } from 'node:http'
import { expect, it } from 'vitest'
import { close, listen } from '../../kernel/serve.ts'

it('says which port is taken, and how to choose another', async () => {
  const first = createServer()
  const port = Number(new URL(await listen(first, '127.0.0.1', 0)).port)
  await expect(listen(createServer(), '127.0.0.1', port)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(new RegExp(`^Port ${port} of 127.0.0.1 is taken .*PORT=N`)),
  })
  await close(first)
})

it('says when an address is none of this machine', async () => {
  // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
  await expect(listen(createServer(), '192.0.2.1', 0)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})
