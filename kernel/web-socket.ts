import type { IncomingMessage, Server } from 'node:http'
import { type ExecutionArgs, GraphQLError, type GraphQLSchema, parse } from 'graphql'
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
  /** Answers false to an upgrade that must not be. */
  accepts?(request: IncomingMessage): boolean
}

/**
 * Serves graphql-ws at /graphql through all of Yoga's plugins (the usual recipe, `getEnveloped`, skips those of the
 * HTTP level). Closing says 1012 (service restart), upon which clients connect again.
 */
export function serveWebSocket({ server, schema, yoga, log, maxPayload = 1 << 20, accepts }: Options): AsyncDisposable {
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
      return await yoga.getResultForParams({ params: params as GraphQLParams, request }, { authorization } as never)
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
        const authorization = connectionParams?.authorization
        const url = `http://${extra.request.headers.host ?? 'localhost'}/graphql`
        const context: RunContext = {
          params,
          request: new Request(url, { method: 'POST', headers: { 'content-type': 'application/json' } }),
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
      await graphql.dispose()
      for (const client of sockets.clients) client.terminate()
    },
  }
}

interface RunContext extends SocketContext {
  readonly params: { query: string; operationName?: string | null; variables?: Record<string, unknown> | null }
  readonly request: Request
}
