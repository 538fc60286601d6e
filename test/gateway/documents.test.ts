import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashOf } from '../../gateway/limits/documents.ts'
import type { Serving } from '../../kernel/serve.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf, type Result, subscribe } from '../support/gateway.ts'
import { library } from '../support/library.ts'

const listed = 'query open { open }'

describe('persisted documents', () => {
  let graph: FederatedGraph
  let gateway: Serving
  beforeAll(async () => {
    graph = await startFederatedGraph(library().sources)
    const manifest = join(graph.folder, 'documents.json')
    await writeFile(manifest, JSON.stringify({ [hashOf(listed)]: listed }))
    gateway = await gatewayOf(graph, { FORGE_DOCUMENTS: 'persisted', GATEWAY_DOCUMENTS: manifest })
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
  })

  const extensions = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } })
  const byHash = async (hash: string): Promise<Result> => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ extensions: extensions(hash) }),
    })
    return response.json() as Promise<Result>
  }

  it('runs what is listed, by its text and by its hash', async () => {
    expect((await ask(gateway, listed)).data).toEqual({ open: true })
    expect((await byHash(hashOf(listed))).data).toEqual({ open: true })
    expect((await subscribe(gateway, listed).next()).value).toEqual({ data: { open: true } })
    expect((await subscribe(gateway, '', { extensions: extensions(hashOf(listed)) }).next()).value).toEqual({
      data: { open: true },
    })
  })

  it('refuses anything else, over HTTP and WebSocket', async () => {
    const { status, errors } = await ask(gateway, '{ open }')
    expect([status, errors?.[0]?.extensions]).toEqual([403, { code: 'FORBIDDEN' }])
    expect((await subscribe(gateway, '{ open }').next()).value.errors[0].extensions).toEqual({ code: 'FORBIDDEN' })
    const unknown = '0'.repeat(64)
    expect((await byHash(unknown)).errors?.[0]?.extensions).toEqual({ code: 'INVALID_INPUT' })
    await expect(subscribe(gateway, '', { extensions: extensions(unknown) }).next()).rejects.toMatchObject([
      { extensions: { code: 'INVALID_INPUT' } },
    ])
  })

  it('refuses introspection, which no client of ours asks for', async () => {
    expect((await ask(gateway, '{ __schema { queryType { name } } }')).status).toBe(403)
  })
})
