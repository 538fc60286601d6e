import type { IncomingMessage, ServerResponse } from 'node:http'
import { invalidInput } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { reportHealth } from '../kernel/serve.ts'
import { currentTraceparent } from '../kernel/telemetry/correlation.ts'
import type { GatewayContext } from './context.ts'
import type { Subgraph } from './execution/subgraph.ts'
import { forward, forwardingTarget } from './forwarding.ts'
import { admit, admitLink } from './identity/admission.ts'
import type { HeaderReader } from './identity/credentials.ts'
import type { Identities } from './identity/identities.ts'
import { logIn } from './identity/login.ts'
import type { Rates } from './identity/rates.ts'
import { graphiqlPage } from './pages.ts'

export interface RouteParts {
  readonly subgraphs: Readonly<Record<string, Subgraph>>
  readonly identities: Identities
  readonly rates: Rates
  /** Throws when this gateway should be asked nothing. */
  healthy(): Promise<void>
  /** The public keys that identities are signed with. */
  readonly jwks: object
  readonly log: Log
}

/** Everything that the gateway answers besides GraphQL; false when the request is none of it. */
export async function route(
  request: IncomingMessage,
  response: ServerResponse,
  { identities, rates, healthy, jwks, log, subgraphs }: RouteParts,
  { requestId, client, address, headers }: GatewayContext,
): Promise<boolean> {
  // `*`, or a whole URL as to a proxy, which this is not.
  if (!request.url?.startsWith('/')) throw invalidInput(`"${request.url}" is no path of this gateway: try /graphql.`)
  const url = new URL(`http://gateway${request.url}`)
  const header: HeaderReader = name => request.headers[name] as string | undefined
  const target = forwardingTarget(url.pathname, subgraphs)
  if (target) {
    // A signed link is its own credential: the service checks it, and the bearer has no right besides.
    const isLink =
      header('authorization') === undefined &&
      url.searchParams.has('signature') &&
      url.pathname.startsWith('/artifacts/')
    const identity = isLink
      ? await admitLink(rates, { address, writeHeader: headers?.write })
      : await admit({ identities, rates }, { header, address, writeHeader: headers?.write })
    const scope = { identity, requestId: requestId!, traceparent: currentTraceparent() ?? null, client, log }
    await forward(request, response, target, scope)
    return true
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return false

  switch (url.pathname) {
    case '/health':
      await reportHealth(healthy, response)
      return true
    case '/.well-known/jwks.json':
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=60' })
      response.end(JSON.stringify(jwks))
      return true
    case '/login':
      await logIn(url, header, response, identities)
      return true
    case '/graphiql':
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(graphiqlPage())
      return true
    case '/':
      response.writeHead(302, { location: '/graphql' })
      response.end()
      return true
    default:
      return false
  }
}
