import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { forbidden, unavailable } from '../kernel/errors.ts'
import { isPlain, readBody } from '../kernel/graphql-http/plain-request.ts'
import { serveWebSocket } from '../kernel/graphql-ws/serving.ts'
import { exposeMetrics } from '../kernel/metrics/exposition.ts'
import { pause } from '../kernel/resilience/pause.ts'
import { close, listen, type Serving } from '../kernel/serve.ts'
import { enter, SpanKind } from '../kernel/telemetry/spans.ts'
import type { Telemetry } from '../kernel/telemetry/telemetry.ts'
import type { HttpContext } from './context.ts'
import type { Editions } from './editions/editions.ts'
import { answerHeaders } from './http/answer-headers.ts'
import { clientOf } from './http/client.ts'
import { refuse } from './http/refusal.ts'
import { addressOf, countingGuesses } from './identity/admission.ts'
import { type HeaderReader, isFromOurPages, isLoopbackHost, keyOf } from './identity/credentials.ts'
import { maxBodyBytes, maxMessageBytes } from './limits/limits.ts'
import { expectBody, patienceWithSenders } from './limits/slow-senders.ts'
import { requestIdOf } from './request-id.ts'
import { type RouteParts, route } from './routes.ts'
import { openEventStreams } from './subscriptions/event-streams.ts'
import type { Sessions } from './subscriptions/sessions.ts'

interface GatewayParts extends Omit<RouteParts, 'subgraphs' | 'healthy'> {
  readonly telemetry: Telemetry
  readonly editions: Pick<Editions, 'current'>
  readonly sessions: Sessions
  readonly host: string
  readonly port: number
  /** Whether callers need no key: then only loopback's own names are answered to. */
  readonly open: boolean
  /** Origins of other sites whose pages may ask, with a key of their own. */
  readonly origins: readonly string[]
  /** Time for the headers of a request to arrive, and for the body of a GraphQL request, in ms. */
  readonly sendTimeout: number
  /** When it stops: how long it says so before it takes no more requests, and then how long those under way may last, in ms. */
  readonly notice: number
  readonly drain: number
  /** Proxies of ours that a request passes. */
  readonly proxies: number
  /** Subscribers' connections at once. */
  readonly maxConnections: number
  /** Operations at once on one graphql-ws connection. */
  readonly maxOperations: number
}

/** Serves the composed graph over HTTP (JSON and server-sent events) and graphql-ws, and the routes beside it. */
export async function serveGateway(parts: GatewayParts): Promise<Serving> {
  const { editions, sessions, log, open, telemetry } = parts
  const streams = openEventStreams()
  let isStopping = false
  const healthy = async () => {
    if (isStopping) throw unavailable('This gateway is about to stop: ask another.')
    await parts.identities.reachable()
  }

  const addressIn = (request: IncomingMessage): string =>
    addressOf(request.socket.remoteAddress, headerOf(request)('x-forwarded-for') ?? undefined, parts.proxies)

  const server = createServer(patienceWithSenders(parts.sendTimeout), (request, response) => {
    const requestId = requestIdOf(name => request.headers[name] as string | undefined)
    const address = addressIn(request)
    const headers = answerHeaders(response, { 'x-request-id': requestId })
    const context = { requestId, client: clientOf(response), address, headers }
    const entry = {
      name: `${request.method} /${request.url?.split(/[/?]/, 2)[1] ?? ''}`,
      kind: SpanKind.SERVER,
      tracer: isProbe(request) ? undefined : telemetry.tracer,
      traceparent: headerOf(request)('traceparent'),
      labels: { requestId },
    }
    void enter(entry, () =>
      answer(request, response, context).catch(error => {
        headers.set()
        refuse(request, response, error, log)
      }),
    )
  })

  async function answer(request: IncomingMessage, response: ServerResponse, context: HttpContext): Promise<void> {
    if (open && !isLoopbackHost(request.headers.host)) throw strangeHost(request.headers.host)
    if (!isProbe(request)) await parts.rates.countAddress(context.address!, context.headers.write)
    if (isPlain(request, maxBodyBytes)) return answerPlain(request, response, context)
    context.headers.set()
    if (request.url === '/metrics') return exposeMetrics(telemetry, request, response)
    if (await route(request, response, { ...parts, healthy, subgraphs: editions.current().subgraphs }, context)) return
    expectBody(request, response, parts.sendTimeout)
    await answerByYoga(request, response, context)
  }

  async function answerPlain(request: IncomingMessage, response: ServerResponse, context: HttpContext) {
    expectBody(request, response, parts.sendTimeout)
    const body = await readBody(request)
    if (!body || (await editions.current().answerPlainly(body, request, response, context))) return
    // What was read of a request cannot be read again.
    await answerByYoga(Object.assign(request, { body: Readable.from([body]) }), response, context)
  }
  async function answerByYoga(request: IncomingMessage, response: ServerResponse, context: HttpContext) {
    context.headers.set()
    streams.add(response)
    await editions.current().yoga(request, response, context)
  }

  const sockets = serveWebSocket({
    server,
    graph: editions.current as never,
    log,
    telemetry,
    maxPayload: maxMessageBytes,
    maxConnections: parts.maxConnections,
    maxOperations: parts.maxOperations,
    accepts: request =>
      (isFromOurPages(headerOf(request)) || parts.origins.includes(request.headers.origin ?? '')) &&
      (!open || isLoopbackHost(request.headers.host)),
    count: request => parts.rates.countAddress(addressIn(request)),
    admit: async ({ request, authorization, close }) => {
      const key = keyOf(headerOf(request), authorization)
      return countingGuesses(parts.rates, { key, address: addressIn(request) }, () => sessions.open(key, close))
    },
  })
  const url = await listen(server, parts.host, parts.port)
  log.info({ url, subgraphs: Object.keys(editions.current().subgraphs) }, 'gateway serves')
  return {
    url,
    async [Symbol.asyncDispose]() {
      isStopping = true
      await pause(parts.notice)
      sessions[Symbol.dispose]()
      await sockets[Symbol.asyncDispose]()
      streams.break()
      await close(server, parts.drain)
    },
  }
}

const headerOf =
  ({ headers }: IncomingMessage): HeaderReader =>
  name =>
    headers[name] as string | undefined

/** What services and orchestrators ask again and again, of which nothing is secret or dear. */
const isProbe = ({ url }: IncomingMessage) => url === '/health' || url === '/.well-known/jwks.json'

const strangeHost = (host: string | undefined) =>
  forbidden(`Without keys (FORGE_AUTH=off) this gateway answers to 127.0.0.1 and localhost only, not to "${host}".`)
