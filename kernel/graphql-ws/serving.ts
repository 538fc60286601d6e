import type { IncomingMessage, Server } from 'node:http'
import { GraphQLError, parse } from 'graphql'
import { makeServer } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { DomainError, type ErrorCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { maskError } from '../masking.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { connectSockets, type SocketExtra } from './adapter.ts'
import { type OperationParams, operationContext, operationRunner, type SocketGraph } from './operations.ts'

/** A connection that has sent its init message. */
export interface OpeningSocket {
  readonly request: IncomingMessage
  readonly authorization: string | undefined
  /** Closes it, with the code that clients know for this kind of failure. */
  close(reason: DomainError): void
}

interface Options {
  readonly server: Server
  /** Asked for each operation: it may be replaced in between. */
  graph(): SocketGraph
  readonly log: Log
  /** Largest message of a client, in bytes. */
  readonly maxPayload?: number
  readonly telemetry?: Telemetry
  /**
   * Whether the connection is the gateway's, whose operations bring their own `authorization`, `requestId` and
   * `traceparent` in their `extensions`.
   */
  readonly fromGateway?: boolean
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
  /** Counts an upgrade; throws when its sender has made too many. */
  count?(request: IncomingMessage): Promise<void>
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
  graph,
  log,
  maxPayload = 1 << 20,
  maxConnections = Number.POSITIVE_INFINITY,
  maxOperations = Number.POSITIVE_INFINITY,
  initTimeout = 10_000,
  keepAlive = 12_000,
  fromGateway = false,
  telemetry,
  accepts,
  count,
  admit,
}: Options): AsyncDisposable {
  const sockets = new WebSocketServer({ noServer: true, maxPayload })
  const isCounted = (request: IncomingMessage) =>
    count?.(request).then(
      () => true,
      () => false,
    )
  const refusalOf = async (request: IncomingMessage) =>
    (request.url?.split('?', 1)[0] !== '/graphql' && '404 Not Found') ||
    (accepts?.(request) === false && '403 Forbidden') ||
    ((await isCounted(request)) === false && '429 Too Many Requests') ||
    (sockets.clients.size >= maxConnections && '503 Service Unavailable')
  server.on('upgrade', async (request, socket, head) => {
    // Until somebody listens, the error of a client that is gone would end the process.
    const ignore = () => socket.destroy()
    socket.on('error', ignore)
    const refusal = await refusalOf(request)
    if (refusal) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\n\r\n`)
      return
    }
    socket.off('error', ignore)
    sockets.handleUpgrade(request, socket, head, client => sockets.emit('connection', client, request))
  })

  const run = operationRunner({ graph, log, telemetry, fromGateway })
  const admitted = new WeakMap<WebSocket, Disposable>()
  const graphql = makeServer<ConnectionParams, SocketExtra>({
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
      const ofOperation = fromGateway ? params.extensions?.authorization : undefined
      const authorization = typeof ofOperation === 'string' ? ofOperation : authorizationOf(connectionParams)
      const context = operationContext(params, extra.request, authorization)
      const { schema, documentOf = parsed } = graph()
      try {
        return { schema, document: documentOf(params), operationName: params.operationName, contextValue: context }
      } catch (error) {
        if (error instanceof GraphQLError || error instanceof DomainError) return [maskError(error, log)]
        throw error
      }
    },
  })
  connectSockets(graphql, sockets, { keepAlive, log })

  return {
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.close(1012, 'The service restarts')
      // A client that does not answer the close would hold up the end for the 30 s that `ws` gives it.
      const force = setTimeout(() => {
        for (const client of sockets.clients) client.terminate()
      }, 1_000)
      await new Promise(resolve => sockets.close(resolve))
      clearTimeout(force)
    },
  }
}

const parsed = ({ query }: OperationParams) => parse(query)

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
