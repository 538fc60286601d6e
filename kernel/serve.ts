import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { GraphQLSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Identity } from './auth/identity.ts'
import type { Verify } from './auth/tokens.ts'
import { invalidInput, unavailable } from './errors.ts'
import { knownDocuments } from './graphql-http/known-documents.ts'
import { openPlainAnswers } from './graphql-http/plain-answers.ts'
import { isPlain, readBody } from './graphql-http/plain-request.ts'
import type { SocketContext } from './graphql-ws/operations.ts'
import { serveWebSocket } from './graphql-ws/serving.ts'
import type { Log } from './log.ts'
import { maskError } from './masking.ts'
import { exposeMetrics } from './metrics/exposition.ts'
import { requestMeter } from './metrics/requests.ts'
import type { Labels } from './telemetry/correlation.ts'
import { traceRootFields } from './telemetry/resolvers.ts'
import { type Entry, enter, SpanKind } from './telemetry/spans.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import type { PeerTls } from './tls/credentials.ts'
import { createPeerServer, isPeer } from './tls/server.ts'

/** A body that is longer is Yoga's to read, in bytes: it is none that a moment was lost on. */
const maxPlainBytes = 2_000_000

/** What every resolver finds in its context; a service adds its own parts. */
export interface RequestContext {
  readonly identity: Identity
  /** The HTTP request, where there is one: its signal fires when whoever asked has left. */
  readonly request?: Pick<Request, 'signal'>
}

export interface ServeOptions<Parts extends object> {
  readonly name: string
  readonly schema: GraphQLSchema
  readonly host: string
  readonly port: number
  readonly verify: Verify
  /** Where given, only processes of the forge are answered, by their certificates. */
  readonly tls?: PeerTls
  readonly log: Log
  readonly telemetry?: Telemetry
  /** The service's parts, the same for every request; dataloaders are made per request. */
  context(identity: Identity): Parts
  /** Throws when the service cannot answer; its message is what GET /health says. */
  healthy(): Promise<void>
  /** Routes besides GraphQL; true when the request was taken. */
  route?(request: IncomingMessage, response: ServerResponse): Promise<boolean>
}

export interface Serving extends AsyncDisposable {
  /** Origin, without a path. */
  readonly url: string
}

/** Serves one subgraph: /graphql over HTTP and graphql-ws for signed identities only, and /health for anybody. */
export async function serveGraph<Parts extends object>(options: ServeOptions<Parts>): Promise<Serving> {
  const { name, schema, log, verify, telemetry } = options
  if (telemetry?.tracer) traceRootFields(schema)
  const contextOf = async (authorization: string | null | undefined) => {
    const identity = await verify(authorization)
    return { identity, ...options.context(identity) }
  }
  const documents = knownDocuments()
  const answerPlainly = openPlainAnswers({
    schema,
    documents,
    context: async ({ headers }, response) => ({
      ...(await contextOf(headers.authorization)),
      request: askedBy(response),
    }),
    log,
  })
  const yoga = createYoga<SocketContext, RequestContext & Parts>({
    schema,
    plugins: [documents.plugin],
    parserAndValidationCache: { documentCache: documents.parsed },
    graphiql: false,
    landingPage: false,
    logging: false,
    maskedErrors: { maskError: error => maskError(error, log) },
    context: ({ request, authorization }) => contextOf(authorization ?? request.headers.get('authorization')),
  })

  const meter = telemetry && requestMeter(telemetry.metrics)
  const server = createPeerServer(options.tls, (request, response) => {
    meter?.(request, response)
    const fail = (error: unknown) => {
      log.error({ err: error, url: request.url }, 'request failed')
      if (!response.headersSent) response.writeHead(500)
      response.end()
    }
    if (request.url === '/health') return void reportHealth(options.healthy, response).catch(fail)
    if (request.url === '/metrics' && telemetry) return void exposeMetrics(telemetry, request, response).catch(fail)
    void enter(entryOf(request, telemetry), () => answer(request, response).catch(fail))
  })
  async function answer(request: IncomingMessage, response: ServerResponse) {
    if (await options.route?.(request, response)) return
    if (!isPlain(request, maxPlainBytes)) return void (await yoga(request, response))
    const body = await readBody(request)
    if (!body || (await answerPlainly(body, request, response))) return
    // What was read of a request cannot be read again.
    await yoga(Object.assign(request, { body: Readable.from([body]) }), response)
  }

  // The gateway's connections outlive the identities that it signs.
  const sockets = serveWebSocket({
    server,
    graph: () => ({ schema, yoga: yoga as never }),
    log,
    telemetry,
    fromGateway: true,
    accepts: isPeer,
  })
  const url = await listen(server, options.host, options.port)
  log.info({ url }, `${name} serves`)
  return {
    url,
    async [Symbol.asyncDispose]() {
      await sockets[Symbol.asyncDispose]()
      await close(server)
    },
  }
}

/** The signal is made only for a resolver that looks at it, as few do. */
const askedBy = (response: ServerResponse): RequestContext['request'] => ({
  get signal() {
    const leaving = new AbortController()
    response.once('close', () => leaving.abort())
    return leaving.signal
  },
})

/** A request as the gateway sends it: with its id and its place in a trace. */
function entryOf({ method, url, headers }: IncomingMessage, telemetry: Telemetry | undefined): Entry {
  const path = url!.split('?', 1)[0]!
  return {
    name: `${method} /${path.split('/', 2)[1]}`,
    kind: SpanKind.SERVER,
    tracer: telemetry?.tracer,
    traceparent: headers.traceparent as string | undefined,
    labels: labelsOf(headers['x-request-id']),
    attributes: { 'http.request.method': method!, 'url.path': path },
  }
}

const labelsOf = (requestId: unknown): Labels => (typeof requestId === 'string' ? { requestId } : {})

export async function reportHealth(healthy: () => Promise<void>, response: ServerResponse): Promise<void> {
  let problem: string | null = null
  try {
    await healthy()
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error)
  }
  response.writeHead(problem ? 503 : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(problem ? { status: 'unavailable', problem } : { status: 'ok' }))
}

/** Resolves to the origin once the server accepts; rejects when the address can't be had. */
export function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => reject(addressError(error, host, port))
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      const address = server.address() as AddressInfo
      const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address
      resolve(`${server instanceof TlsServer ? 'https' : 'http'}://${shown}:${address.port}`)
    })
  })
}

function addressError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return unavailable(
        `Port ${port} of ${host} is taken by another program: stop that, or choose another with PORT=N (0: any).`,
        error,
      )
    case 'EACCES':
      return invalidInput(`This user may not listen on port ${port}: choose one above 1023 with PORT=N.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return invalidInput(`${host} is no address of this machine: set HOST to one, such as 127.0.0.1.`)
    default:
      return error
  }
}

/** Lets requests that are being answered end, for as many ms at most, and refuses new ones. */
export async function close(server: Server, within = 5_000): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  // A connection whose last answer has gone out would be kept for another request.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const force = setTimeout(() => server.closeAllConnections(), within)
  await closed
  clearInterval(idle)
  clearTimeout(force)
}
