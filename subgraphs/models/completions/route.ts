import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Identity } from '../../../kernel/auth/identity.ts'
import type { Verify } from '../../../kernel/auth/tokens.ts'
import { DomainError, forbidden, invalidInput } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import { fromEngine } from '../generation/errors.ts'
import type { Generators } from '../generation/ports.ts'
import type { Resolving } from '../versions/service.ts'
import { answerShapes, errorShape, statusOf } from './answers.ts'
import { type CompletionRequest, readRequest } from './request.ts'
import { complete } from './service.ts'

type Parts = Omit<Resolving, 'identity'> & { readonly generators: Generators; now(): Date }

const kinds: Readonly<Record<string, CompletionRequest['kind']>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'text',
}
/** Bytes of a request's body. */
const largest = 1_000_000

/** POST /v1/chat/completions and /v1/completions as OpenAI's clients ask; `model` is a reference such as `name/3`. */
export const completionRoute =
  (parts: Parts, verify: Verify, log: Log) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const kind = kinds[request.url?.split('?')[0] ?? '']
    if (!kind) return false
    const leaving = new AbortController()
    response.once('close', () => leaving.abort())
    try {
      if (request.method !== 'POST') throw invalidInput(`${request.method} is not answered here: POST a request.`)
      const identity = await verify(request.headers.authorization)
      if (!identity.scopes.includes('models:write')) {
        throw forbidden(
          `${identity.principal} lacks the scope models:write that generating needs: ask an admin for it.`,
        )
      }
      await answer(parts, identity, readRequest(kind, await readBody(request)), response, leaving.signal)
    } catch (error) {
      if (!leaving.signal.aborted) refuse(response, error, log)
    }
    return true
  }

async function answer(
  parts: Parts,
  identity: Identity,
  request: CompletionRequest,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const shapes = answerShapes(request, parts.now())
  if (!request.stream) {
    const done = await complete({ ...parts, identity }, request, signal, () => {})
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(shapes.whole(done)))
    return
  }
  const send = (...events: object[]) => {
    if (!response.headersSent) {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
      for (const event of shapes.begin()) response.write(`data: ${JSON.stringify(event)}\n\n`)
    }
    for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`)
  }
  const done = await complete({ ...parts, identity }, request, signal, piece => send(shapes.piece(piece)))
  send(...shapes.end(done, request.withUsage))
  response.end('data: [DONE]\n\n')
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += part.length
    if (size > largest) throw invalidInput(`The body is larger than ${largest} bytes: send the end of the text.`)
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString())
  } catch {
    throw invalidInput('The body is not JSON: send what OpenAI’s API takes.')
  }
}

function refuse(response: ServerResponse, thrown: unknown, log: Log): void {
  const error = fromEngine(thrown)
  if (!(error instanceof DomainError)) log.error({ err: error }, 'a completion failed')
  const known = error instanceof DomainError ? error : new DomainError('INTERNAL', 'The completion failed.')
  if (response.headersSent) response.end(`data: ${JSON.stringify(errorShape(known))}\n\n`)
  else
    response.writeHead(statusOf(known), { 'content-type': 'application/json' }).end(JSON.stringify(errorShape(known)))
}
