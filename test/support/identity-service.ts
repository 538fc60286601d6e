import { createServer } from 'node:http'
import { json, text } from 'node:stream/consumers'
import type { Identity } from '../../kernel/auth/identity.ts'
import { close, listen } from '../../kernel/serve.ts'

export interface IdentityService extends AsyncDisposable {
  readonly url: string
  /** Valid keys; a test adds and revokes. */
  readonly keys: Map<string, Identity>
  /** Codes that were not used yet, and the key each gives. */
  readonly codes: Map<string, string>
  /** What was asked, in order: path and the caller's authorization. */
  readonly asked: { path: string; authorization: string | undefined }[]
}

/** Answers as orchestration does, from memory; `graph` is the endpoint that answers for its subgraph. */
export async function startIdentityService(graph?: () => string): Promise<IdentityService> {
  const keys = new Map<string, Identity>()
  const codes = new Map<string, string>()
  const asked: IdentityService['asked'] = []

  const answer = (path: string, body: { key: string; code: string }): object | undefined => {
    if (path === '/identity/verify') {
      const identity = keys.get(body.key)
      return identity && { identity }
    }
    const key = codes.get(body.code)
    codes.delete(body.code)
    return key ? { key, expiresAt: new Date(Date.now() + 3_600_000).toISOString() } : undefined
  }
  const server = createServer(async (request, response) => {
    if (request.url === '/health') return response.end('{}')
    if (request.url === '/graphql' && graph) {
      const headers = { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' }
      const passed = await fetch(graph(), { method: 'POST', headers, body: await text(request) })
      response.writeHead(passed.status, { 'content-type': 'application/json' })
      return response.end(await passed.text())
    }
    asked.push({ path: request.url!, authorization: request.headers.authorization })
    const found = answer(request.url!, (await json(request)) as never)
    response.writeHead(found ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ?? { error: 'unknown' }))
  })
  const url = await listen(server, '127.0.0.1', 0)
  return { url: `${url}/graphql`, keys, codes, asked, [Symbol.asyncDispose]: () => close(server) }
}
