import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Verify } from '../../../kernel/auth/tokens.ts'
import { DomainError, forbidden, invalidInput } from '../../../kernel/errors.ts'
import type { IdentityParts } from '../identities/ports.ts'
import { verifyKey } from '../identities/service.ts'
import type { LoginParts } from './ports.ts'
import { logIn } from './service.ts'

const largestBody = 4_096
const secret = z.string().min(1).max(200)
const verifyBody = z.object({ key: secret })
const loginBody = z.object({ code: secret })

/**
 * What the gateway asks to know who is there: POST /identity/verify { key } → { identity, expiresAt } and POST
 * /identity/login { code } → { key, expiresAt }; 401 { error: { code, message } } for a key or code that is not valid.
 * A caller that is not the gateway gets 403.
 */
export const identityRoute = (parts: IdentityParts & LoginParts, verify: Verify) => {
  const answers: Record<string, (body: unknown) => Promise<unknown>> = {
    '/identity/verify': body => verifyKey(parts, parsed(verifyBody, body).key),
    '/identity/login': body => logIn(parts, parsed(loginBody, body).code),
  }
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const answer = answers[request.url ?? '']
    if (!answer || request.method !== 'POST') return false
    try {
      await admit(request, verify)
      send(response, 200, await answer(await readBody(request)))
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      send(response, statuses[error.code] ?? 503, { error: { code: error.code, message: error.message } })
    }
    return true
  }
}

const statuses: Partial<Record<DomainError['code'], number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  INVALID_INPUT: 400,
}

/** A refused gateway must not look like a refused key: its own identity failing is 403. */
async function admit(request: IncomingMessage, verify: Verify): Promise<void> {
  const identity = await verify(request.headers.authorization).catch(error => {
    throw error instanceof DomainError && error.code === 'UNAUTHENTICATED' ? forbidden(error.message) : error
  })
  if (!identity.scopes.includes('identity:write')) {
    throw forbidden(`${identity.principal} may not verify keys: that needs the scope identity:write.`)
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestBody) throw invalidInput(`The body is larger than ${largestBody} bytes.`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidInput('The body is no JSON.')
    throw error
  }
}

function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  throw invalidInput(`The body's ${issue.path.join('.') || 'JSON'} is not usable: ${issue.message}.`)
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
