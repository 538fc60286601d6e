import type { IncomingMessage, Server } from 'node:http'
import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  parse as parseDocument,
} from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import type { GraphQLParams, YogaServerInstance } from 'graphql-yoga'
import { type WebSocket, WebSocketServer } from 'ws'
import { DomainError, type ErrorCode } from './errors.ts'
import type { Log } from './log.ts'
import { maskError } from './masking.ts'

/** What an operation over graphql-ws brings to Yoga's server context. */
export interface SocketContext {
  /** The `authorization` of the connection's init payload. */
  readonly authorization?: string
  readonly overSocket?: true
}

/** A connection that has sent its init message. */
export interface OpeningSocket {
  readonly request: IncomingMessage
  readonly authorization: string | undefined
  /** Closes it, with the code that clients know for this kind of failure. */
  close(reason: DomainError): void
}

interface Options {
  readonly server: Server
  readonly schema: GraphQLSchema
  readonly yoga: YogaServerInstance<SocketContext, object>
  readonly log: Log
  /** Largest message of a client, in bytes. */
  readonly maxPayload?: number
  /** Whether an operation may bring an `authorization` of its own in its `extensions`, in place of the connection's. */
  readonly authorizedOperations?: boolean
  /** Parses a document; throws GraphQLError. */
  parse?(source: string): DocumentNode
  /** Connections that may be open at once. */
  readonly maxConnections?: number
  /** Operations that may run at once on one connection. */
  readonly maxOperations?: number
  /** Time for the init message, in ms. */
  readonly initTimeout?: number
  /** Interval of pings, and how long a client may take to answer one, in ms. */
  readonly keepAlive?: number
  /** Answers false to an upgrade that must not be. */
  accepts?(request: IncomingMessage): boolean
  /** Admits a connection until it closes; a DomainError that it throws closes it. */
  admit?(opening: OpeningSocket): Promise<Disposable>
}

/** Close codes of the protocol, and 1013 (try again later). */
const closeCodes: Partial<Record<ErrorCode, number>> = { UNAUTHENTICATED: 4401, UNAVAILABLE: 1013 }
const forbiddenCode = 4403
/** Room for the reason in a close frame, in bytes. */
const maxReason = 123

/**
 * Serves graphql-ws at /graphql through all of Yoga's plugins (the usual recipe, `getEnveloped`, skips those of the
 * HTTP level). Closing says 1012 (service restart), upon which clients connect again.
 */
export function serveWebSocket({
  server,
  schema,
  yoga,
  log,
  maxPayload = 1 << 20,
  maxConnections = Number.POSITIVE_INFINITY,
  maxOperations = Number.POSITIVE_INFINITY,
  initTimeout = 10_000,
  keepAlive = 12_000,
  authorizedOperations = false,
  parse = parseDocument,
  accepts,
  admit,
}: Options): AsyncDisposable {
  const sockets = new WebSocketServer({ noServer: true, maxPayload })
  server.on('upgrade', (request, socket, head) => {
    const path = request.url?.split('?', 1)[0]
    const refusal =
      (path !== '/graphql' && '404 Not Found') ||
      (accepts?.(request) === false && '403 Forbidden') ||
      (sockets.clients.size >= maxConnections && '503 Service Unavailable')
    if (refusal) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, client => sockets.emit('connection', client, request))
  })

  // A throw would close the whole socket, with every other subscription on it.
  const run = async (args: ExecutionArgs) => {
    const { params, request, authorization } = args.contextValue as RunContext
    try {
      const context: SocketContext = { authorization, overSocket: true }
      const result = await yoga.getResultForParams({ params: params as GraphQLParams, request }, context as never)
      return withoutHttp(result)
    } catch (error) {
      return { errors: [maskError(error, log)] }
    }
  }

  const admitted = new WeakMap<WebSocket, Disposable>()
  const graphql = useServer<ConnectionParams, { socket: WebSocket; request: IncomingMessage }>(
    {
      connectionInitWaitTimeout: initTimeout,
      execute: run as never,
      subscribe: run as never,
      async onConnect({ connectionParams, extra: { socket, request } }) {
        if (!admit) return true
        const close = (reason: DomainError) => socket.close(closeCodes[reason.code] ?? forbiddenCode, shorten(reason))
        try {
          const session = await admit({ request, authorization: authorizationOf(connectionParams), close })
          // It may have gone while its key was looked up.
          if (socket.readyState === socket.OPEN) admitted.set(socket, session)
          else session[Symbol.dispose]()
          return true
        } catch (error) {
          if (!(error instanceof DomainError)) throw error
          close(error)
          return false
        }
      },
      onClose: ({ extra }) => admitted.get(extra.socket)?.[Symbol.dispose](),
      onSubscribe: ({ connectionParams, extra, subscriptions }, _id, params) => {
        if (Object.keys(subscriptions).length > maxOperations) return [maskError(tooManyOperations(maxOperations), log)]
        const ofOperation = authorizedOperations ? params.extensions?.authorization : undefined
        const url = `http://${extra.request.headers.host ?? 'localhost'}/graphql`
        const context: RunContext = {
          params,
          request: new Request(url, { method: 'POST', headers: headersOf(extra.request) }),
          authorization: typeof ofOperation === 'string' ? ofOperation : authorizationOf(connectionParams),
        }
        try {
          return { schema, document: parse(params.query), operationName: params.operationName, contextValue: context }
        } catch (error) {
          if (error instanceof GraphQLError) return [maskError(error, log)]
          throw error
        }
      },
    },
    sockets as never,
    keepAlive,
  )

  return {
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.close(1012, 'The service restarts')
      // A client that does not answer the close would hold up the end for the 30 s that `ws` gives it.
      const force = setTimeout(() => {
        for (const client of sockets.clients) client.terminate()
      }, 1_000)
      await graphql.dispose()
      clearTimeout(force)
    },
  }
}

type ConnectionParams = Record<string, unknown>

const authorizationOf = (params: Readonly<ConnectionParams> | undefined): string | undefined =>
  typeof params?.authorization === 'string' ? params.authorization : undefined

function shorten({ message }: DomainError): string {
  let reason = message
  while (Buffer.byteLength(reason) > maxReason) reason = reason.slice(0, -1)
  return reason
}

const tooManyOperations = (limit: number) =>
  new DomainError(
    'RESOURCE_EXHAUSTED',
    `This connection runs ${limit} operations, which is all it may: end one, or open another connection.`,
  )

/** The headers of the upgrade (cookie, origin, trace) as those of a POST, which is what an operation is to Yoga. */
function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { ...Object.fromEntries(kept), 'content-type': 'application/json' }
}

/** Yoga's plugins put the HTTP status into `extensions.http`, and take it out again over HTTP only. */
function withoutHttp<T>(result: T): T {
  if (!result || typeof result !== 'object' || !('errors' in result) || !Array.isArray(result.errors)) return result
  const errors = result.errors.map((error: GraphQLError) => {
    const { http: _http, ...extensions } = error.extensions
    return new GraphQLError(error.message, { nodes: error.nodes, path: error.path, extensions })
  })
  return { ...result, errors }
}

interface RunContext extends SocketContext {
  readonly params: { query: string; operationName?: string | null; variables?: Record<string, unknown> | null }
  readonly request: Request
}
