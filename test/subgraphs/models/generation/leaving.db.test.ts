import { expect, it } from 'vitest'
import type { Generators } from '../../../../subgraphs/models/generation/ports.ts'
import { storedForge } from '../stored-forge.ts'

it('a generation ends when whoever asked for it leaves', { timeout: 180_000 }, async () => {
  await using forge = await storedForge()
  await forge.complete('job_1')
  let begun = Promise.withResolvers<void>()
  let ended = Promise.withResolvers<void>()
  const generate: Generators['generate'] = (_, __, listening) =>
    new Promise((_, reject) => {
      listening!.signal!.addEventListener('abort', () => {
        ended.resolve()
        reject(listening!.signal!.reason)
      })
      begun.resolve()
    })
  Object.assign(forge.parts.generators, { generate })
  const url = await forge.serve()
  const { name } = await forge.db.model.findFirstOrThrow()

  // The second time the document is known, and takes a shorter way through the server.
  for (let time = 0; time < 2; time++) {
    const leaving = new AbortController()
    const answer = fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: `mutation { generate(input: { model: "${name}", prompt: "the" }) { text } }` }),
      signal: leaving.signal,
    })
    await begun.promise
    leaving.abort()
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
    await ended.promise
    begun = Promise.withResolvers()
    ended = Promise.withResolvers()
  }
})
