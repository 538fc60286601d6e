import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GraphQLSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Identity } from './auth/identity.ts'
import type { Verify } from './auth/tokens.ts'
import { invalidInput, unavailable } from './errors.ts'
import type { Log } from './log.ts'
import { maskError } from './masking.ts'
import { type SocketContext, serveWebSocket } from './web-socket.ts'

/** What every resolver finds in its context; a service adds its own parts. */
export interface RequestContext {
  readonly identity: Identity
}

export interface ServeOptions<Parts extends object> {
  readonly name: string
  readonly schema: GraphQLSchema
  readonly host: string
  readonly port: number
  readonly verify: Verify
  readonly log: Log
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
  const { name, schema, log, verify } = options
  const yoga = createYoga<SocketContext, RequestContext & Parts>({
    schema,
    graphiql: false,
    landingPage: false,
    logging: false,
    maskedErrors: { maskError: error => maskError(error, log) },
    context: async ({ request, authorization }) => {
      const identity = await verify(authorization ?? request.headers.get('authorization'))
      return { identity, ...options.context(identity) }
    },
  })

  const server = createServer((request, response) => {
    answer(request, response).catch(error => {
      log.error({ err: error, url: request.url }, 'request failed')
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  async function answer(request: IncomingMessage, response: ServerResponse) {
    if (request.url === '/health') return reportHealth(options.healthy, response)
    if (await options.route?.(request, response)) return
    await yoga(request, response)
  }

  // The gateway's connections outlive the identities that it signs.
  const sockets = serveWebSocket({ server, schema, yoga: yoga as never, log, authorizedOperations: true })
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
export function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => reject(addressError(error, host, port))
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      const address = server.address() as AddressInfo
      const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address
      resolve(`http://${shown}:${address.port}`)
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

/** Lets requests that are being answered end (5 s at most) and refuses new ones. */
export async function close(server: ReturnType<typeof createServer>): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  server.closeIdleConnections()
  const force = setTimeout(() => server.closeAllConnections(), 5_000)
  await closed
  clearTimeout(force)
}
