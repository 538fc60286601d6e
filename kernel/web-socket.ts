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
import { WebSocketServer } from 'ws'
import type { Log } from './log.ts'
import { maskError } from './masking.ts'

/** What an operation over graphql-ws brings to Yoga's server context. */
export interface SocketContext {
  /** The `authorization` of the connection's init payload. */
  readonly authorization?: string
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
  /** Answers false to an upgrade that must not be. */
  accepts?(request: IncomingMessage): boolean
}

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
  authorizedOperations = false,
  parse = parseDocument,
  accepts,
}: Options): AsyncDisposable {
  const sockets = new WebSocketServer({ noServer: true, maxPayload })
  server.on('upgrade', (request, socket, head) => {
    const path = request.url?.split('?', 1)[0]
    if (path !== '/graphql' || accepts?.(request) === false) {
      socket.end(`HTTP/1.1 ${path === '/graphql' ? '403 Forbidden' : '404 Not Found'}\r\nConnection: close\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, client => sockets.emit('connection', client, request))
  })

  // A throw would close the whole socket, with every other subscription on it.
  const run = async (args: ExecutionArgs) => {
    const { params, request, authorization } = args.contextValue as RunContext
    try {
      const result = await yoga.getResultForParams({ params: params as GraphQLParams, request }, {
        authorization,
      } as never)
      return withoutHttp(result)
    } catch (error) {
      return { errors: [maskError(error, log)] }
    }
  }

  const graphql = useServer(
    {
      connectionInitWaitTimeout: 10_000,
      execute: run as never,
      subscribe: run as never,
      onSubscribe: ({ connectionParams, extra }, _id, params) => {
        const ofOperation = authorizedOperations ? params.extensions?.authorization : undefined
        const authorization = ofOperation ?? connectionParams?.authorization
        const url = `http://${extra.request.headers.host ?? 'localhost'}/graphql`
        const context: RunContext = {
          params,
          request: new Request(url, { method: 'POST', headers: headersOf(extra.request) }),
          authorization: typeof authorization === 'string' ? authorization : undefined,
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
    12_000,
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
