import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention'
import { createYoga, type Plugin } from 'graphql-yoga'
import { DomainError, forbidden } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { maskError } from '../kernel/masking.ts'
import { close, listen, type Serving } from '../kernel/serve.ts'
import { serveWebSocket } from '../kernel/web-socket.ts'
import { guardedExecution, guardedSubscription } from './access/enforcement.ts'
import { openPermissions, type PermissionOptions } from './access/permissions.ts'
import type { GatewayContext } from './context.ts'
import { executor } from './execution/execution.ts'
import { openPlans } from './execution/plans.ts'
import type { LoadedSupergraph } from './execution/supergraph.ts'
import { addressOf } from './identity/admission.ts'
import { authenticate } from './identity/authentication.ts'
import { type HeaderReader, isFromOurPages, isLoopbackHost, keyOf } from './identity/credentials.ts'
import type { HeaderWriter } from './identity/rates.ts'
import { openCostCheck } from './limits/cost.ts'
import { type Documents, persistedDocuments } from './limits/documents.ts'
import { limitDocuments, maxBodyBytes, maxMessageBytes } from './limits/limits.ts'
import { expectBody, patienceWithSenders } from './limits/slow-senders.ts'
import { sandboxPage } from './pages.ts'
import { requestIdOf } from './request-id.ts'
import { type RouteParts, route } from './routes.ts'
import { heldStreams, openEventStreams } from './subscriptions/event-streams.ts'
import { openSessions, type SessionLimits } from './subscriptions/sessions.ts'
import { type Subgraphs, subscriber } from './subscriptions/subscriptions.ts'

interface GatewayParts extends RouteParts {
  readonly supergraph: LoadedSupergraph
  readonly subgraphs: Subgraphs
  readonly host: string
  readonly port: number
  /** Whether callers need no key: then only loopback's own names are answered to. */
  readonly open: boolean
  /** The least role that may ask for the schema. */
  readonly introspection: PermissionOptions['introspection']
  readonly documents: Documents
  /** What one operation may cost. */
  readonly maxCost: number
  /** Origins of other sites whose pages may ask, with a key of their own. */
  readonly origins: readonly string[]
  /** Time for the headers of a request to arrive, and for the body of a GraphQL request, in ms. */
  readonly sendTimeout: number
  /** Proxies of ours that a request passes. */
  readonly proxies: number
  readonly limits: SessionLimits & {
    /** Operations at once on one graphql-ws connection. */
    readonly operationsPerConnection: number
  }
  /** How long a subscription waits for its lost subgraph, in ms. */
  readonly patience?: number
}

/** Serves the composed graph over HTTP (JSON and server-sent events) and graphql-ws, and the routes beside it. */
export async function serveGateway(parts: GatewayParts): Promise<Serving> {
  const { supergraph, subgraphs, identities, log, open, limits } = parts
  const permissions = openPermissions(supergraph, { introspection: parts.introspection, open })
  const checks = { permissions, cost: openCostCheck(supergraph, parts.maxCost) }
  const plans = openPlans(supergraph, permissions.asked)
  const sessions = openSessions(identities, limits)
  const streams = openEventStreams()
  const yoga = createYoga<GatewayContext, object>({
    schema: supergraph.schema,
    plugins: [
      // A browser asks before it sends any of these headers to another site.
      useCSRFPrevention({ requestHeaders: ['authorization', 'apollo-require-preflight', 'x-apollo-operation-name'] }),
      authenticate(parts, log),
      persistedDocuments(parts.documents),
      limitDocuments(plans.parse),
      runPlans(
        guardedExecution(checks, executor(supergraph, plans, subgraphs)),
        heldStreams(
          sessions,
          guardedSubscription(checks, subscriber(supergraph, plans, subgraphs, parts.patience)) as never,
        ),
      ),
      maskResults(log),
    ],
    parserAndValidationCache: { documentCache: plans.documents },
    maskedErrors: { maskError: error => maskError(error, log) },
    maxRequestBodySize: maxBodyBytes,
    renderGraphiQL: sandboxPage,
    multipart: false,
    cors: parts.origins.length > 0 && { origin: [...parts.origins], credentials: false, maxAge: 600 },
    landingPage: false,
    logging: false,
  })

  const server = createServer(patienceWithSenders(parts.sendTimeout), (request, response) => {
    const requestId = requestIdOf(name => request.headers[name] as string | undefined)
    response.setHeader('x-request-id', requestId)
    streams.add(response)
    const address = addressOf(
      request.socket.remoteAddress,
      headerOf(request)('x-forwarded-for') ?? undefined,
      parts.proxies,
    )
    const writeHeader: HeaderWriter = (name, value) => {
      if (!response.headersSent) response.setHeader(name, value)
    }
    const leaving = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) leaving.abort()
    })
    answer(request, response, { requestId, signal: leaving.signal, address, writeHeader }).catch(error => {
      refuse(response, error, log.child({ requestId }))
    })
  })

  async function answer(request: IncomingMessage, response: ServerResponse, context: GatewayContext): Promise<void> {
    if (open && !isLoopbackHost(request.headers.host)) throw strangeHost(request.headers.host)
    if (!isProbe(request)) await parts.rates.countAddress(context.address!, context.writeHeader)
    if (await route(request, response, parts, context)) return
    expectBody(request, response, parts.sendTimeout)
    await yoga(request, response, context)
  }

  const sockets = serveWebSocket({
    server,
    schema: supergraph.schema,
    yoga: yoga as never,
    log,
    parse: plans.parse,
    maxPayload: maxMessageBytes,
    maxConnections: limits.connections,
    maxOperations: limits.operationsPerConnection,
    accepts: request =>
      (isFromOurPages(headerOf(request)) || parts.origins.includes(request.headers.origin ?? '')) &&
      (!open || isLoopbackHost(request.headers.host)),
    admit: ({ request, authorization, close }) => sessions.open(keyOf(headerOf(request), authorization), close),
  })
  const url = await listen(server, parts.host, parts.port)
  log.info({ url, subgraphs: Object.keys(subgraphs) }, 'gateway serves')
  return {
    url,
    async [Symbol.asyncDispose]() {
      sessions[Symbol.dispose]()
      await sockets[Symbol.asyncDispose]()
      streams.break()
      await close(server)
    },
  }
}

const headerOf =
  ({ headers }: IncomingMessage): HeaderReader =>
  name =>
    headers[name] as string | undefined

const runPlans = (execute: ReturnType<typeof guardedExecution>, subscribe: ReturnType<typeof heldStreams>): Plugin => ({
  onExecute: ({ setExecuteFn }) => setExecuteFn(execute as never),
  onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe as never),
})

/** Complaints about a document reach the client without passing Yoga's masking, with codes that are not ours. */
const maskResults = (log: Log): Plugin => ({
  onExecutionResult({ result, setResult }) {
    if (!result || !('errors' in result) || !result.errors) return
    setResult({ ...result, errors: result.errors.map(error => maskError(error, log)) })
  },
})

/** What services and orchestrators ask again and again, of which nothing is secret or dear. */
const isProbe = ({ url }: IncomingMessage) => url === '/health' || url === '/.well-known/jwks.json'

const strangeHost = (host: string | undefined) =>
  forbidden(`Without keys (FORGE_AUTH=off) this gateway answers to 127.0.0.1 and localhost only, not to "${host}".`)

const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
}

/** Answers what failed outside of GraphQL, in the same shape. */
function refuse(response: ServerResponse, error: unknown, log: Log): void {
  const { message, extensions } = maskError(error, log)
  if (!response.headersSent) {
    const status = error instanceof DomainError ? (statuses[error.code] ?? 400) : 500
    response.writeHead(status, { 'content-type': 'application/json' })
  }
  response.end(JSON.stringify({ errors: [{ message, extensions }] }))
}
