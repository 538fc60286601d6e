import { describe, expect, it } from 'vitest'
import { eventually } from '../support/processes.ts'
import { composeForge } from './compose-forge.ts'
import { scenarios } from './scenarios.ts'

scenarios('one process per service, on PostgreSQL and Redis', composeForge)

describe('a forge without one of its services', () => {
  it('answers the rest, and names the one that is missing', async () => {
    await using forge = await composeForge()
    const ask = async () => {
      const response = await fetch(`${forge.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${forge.adminKey}` },
        body: JSON.stringify({ query: '{ viewer { name } fleet { status } }' }),
      })
      return (await response.json()) as { data: object; errors?: { message: string; extensions: { code: string } }[] }
    }
    await eventually(async () => !(await ask()).errors, 'the whole query is answered')
    await forge.stop('monitoring')

    const { data, errors } = await ask()
    expect(data).toMatchObject({ viewer: { name: expect.any(String) }, fleet: null })
    expect(errors).toMatchObject([
      { extensions: { code: 'UNAVAILABLE' }, message: expect.stringContaining('monitoring') },
    ])
  }, 120_000)
})
