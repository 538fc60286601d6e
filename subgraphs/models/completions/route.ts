import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Identity, Scope } from '../../../kernel/auth/identity.ts'
import type { Verify } from '../../../kernel/auth/tokens.ts'
import { type ErrorCode, invalidInput } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import { maskError } from '../../../kernel/masking.ts'
import { isForOpenAi, openAiError } from '../../../kernel/openai-errors.ts'
import { fromEngine } from '../generation/errors.ts'
import type { Generators } from '../generation/ports.ts'
import { invalidRef } from '../versions/errors.ts'
import type { Resolving } from '../versions/service.ts'
import { answerShapes } from './answers.ts'
import { FieldError, mayNotAsk, noSuchPath, wrongMethod } from './errors.ts'
import { findListed, listModels } from './listing.ts'
import { type CompletionRequest, readRequest } from './request.ts'
import { complete } from './service.ts'

type Parts = Omit<Resolving, 'identity'> & { readonly generators: Generators; now(): Date }

const kinds: Readonly<Record<string, CompletionRequest['kind']>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'text',
}
/** Bytes of a request's body. */
const largest = 1_000_000

/**
 * What OpenAI's clients ask: POST /v1/chat/completions and /v1/completions, where `model` is a reference such as `name/3`,
 * GET /v1/models and /v1/models/<reference>. Every failure has the shape of OpenAI's.
 */
export const completionRoute =
  (parts: Parts, verify: Verify, log: Log) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    if (!isForOpenAi(request.url)) return false
    const leaving = new AbortController()
    response.once('close', () => leaving.abort())
    try {
      const identity = await verify(request.headers.authorization)
      const path = request.url!.split('?')[0]!
      const kind = kinds[path]
      if (kind) {
        if (request.method !== 'POST') throw wrongMethod(request.method, 'POST')
        demand(identity, 'models:write', 'generating')
        await answer(parts, identity, readRequest(kind, await readBody(request)), response, leaving.signal)
      } else {
        const listing = /^\/v1\/models(?:\/(?<ref>.+))?$/.exec(path)
        if (!listing) throw noSuchPath(path)
        if (request.method !== 'GET') throw wrongMethod(request.method, 'GET')
        demand(identity, 'models:read', 'listing models')
        const asked = { ...parts, identity }
        const ref = listing.groups?.ref
        const found = ref ? await findListed(asked, decoded(ref)) : { object: 'list', data: await listModels(asked) }
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found))
      }
    } catch (error) {
      if (!leaving.signal.aborted) refuse(response, error, log)
    }
    return true
  }

function demand({ principal, scopes }: Identity, scope: Scope, use: string): void {
  if (!scopes.includes(scope)) throw mayNotAsk(principal, scope, use)
}

/** Clients write the `/` of a reference as it is, or as %2F. */
function decoded(ref: string): string {
  try {
    return decodeURIComponent(ref)
  } catch {
    throw invalidRef(ref)
  }
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
  const { message, extensions } = maskError(fromEngine(thrown), log)
  const field = thrown instanceof FieldError ? thrown.field : null
  const { status, body } = openAiError(extensions.code as ErrorCode, message, field)
  if (response.headersSent) response.end(`data: ${body}\n\n`)
  else response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}
