import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectForge, type Forge } from '../../client/forge.ts'
import { peerFetch } from '../../kernel/tls/client.ts'
import { eventually } from '../support/processes.ts'
import { type ComposeForge, composeForge } from './compose-forge.ts'
import { scenarios } from './scenarios.ts'

scenarios('one process per service, on PostgreSQL and Redis', composeForge)

describe('a forge whose processes show each other certificates', () => {
  let running: ComposeForge
  let forge: Forge
  beforeAll(async () => {
    running = await composeForge({ mtls: true })
    forge = connectForge({ url: running.url, apiKey: running.adminKey })
  }, 120_000)
  afterAll(async () => {
    await forge?.[Symbol.asyncDispose]()
    await running?.[Symbol.asyncDispose]()
  }, 60_000)

  const ask = async (query: string) => {
    const response = await fetch(`${running.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${running.adminKey}` },
      body: JSON.stringify({ query }),
    })
    return (await response.json()) as { data: object; errors?: { message: string; extensions: { code: string } }[] }
  }
  const services = ['training', 'models', 'monitoring', 'realtime', 'orchestration'] as const

  it('answers over all of its services, streams, and forwards bytes', async () => {
    const whole =
      '{ jobs { edges { node { id } } } models { edges { node { name } } } fleet { status } viewer { name } }'
    await eventually(async () => !(await ask(whole)).errors, 'the whole query is answered', 60)

    const [health] = await take(1, forge.fleetHealth())
    expect(health).toMatchObject({ status: expect.any(String) })
    const headers = { authorization: `Bearer ${running.adminKey}` }
    expect((await fetch(`${running.url}/artifacts/mv_none/model.safetensors`, { headers })).status).toBe(404)
  }, 120_000)

  it('lets nobody into a service who shows none, and whoever asks for its health', async () => {
    // A stranger who takes any certificate for good, and has none.
    const { Agent, fetch: fetchOver } = await import('undici')
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
    const known = peerFetch(running.tls)
    for (const service of services) {
      const url = running.urlOf(service)
      const body = '{"query":"{ __typename }"}'
      const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
      expect((await fetchOver(`${url}/graphql`, { ...post, dispatcher })).status, service).toBe(403)
      expect((await fetchOver(`${url}/health`, { dispatcher })).status, service).toBe(200)
      // With a certificate, but without an identity that the gateway signed.
      expect(await (await known(`${url}/graphql`, post)).json()).toMatchObject({
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      })
      await expect(fetchOver(`${url.replace('https', 'http')}/health`), service).rejects.toThrow('fetch failed')
    }
    await dispatcher.close()
  })

  it('answers the rest without one of its services, and names the one that is missing', async () => {
    await running.stop('monitoring')
    const { data, errors } = await ask('{ viewer { name } fleet { status } }')
    expect(data).toMatchObject({ viewer: { name: expect.any(String) }, fleet: null })
    expect(errors).toMatchObject([
      { extensions: { code: 'UNAVAILABLE' }, message: expect.stringContaining('monitoring') },
    ])
  })
})

async function take<T>(count: number, events: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = []
  for await (const event of events) if (taken.push(event) >= count) break
  return taken
}
