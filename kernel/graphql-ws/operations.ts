import type { IncomingMessage } from 'node:http'
import { type DocumentNode, type ExecutionArgs, GraphQLError, type GraphQLSchema } from 'graphql'
import type { GraphQLParams, YogaServerInstance } from 'graphql-yoga'
import { newId } from '../ids.ts'
import type { Log } from '../log.ts'
import { maskError } from '../masking.ts'
import { enter, SpanKind } from '../telemetry/spans.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** What an operation over graphql-ws brings to Yoga's server context. */
export interface SocketContext {
  /** The `authorization` of the connection's init payload. */
  readonly authorization?: string
  readonly overSocket?: true
}

/** What operations run on. */
export interface SocketGraph {
  readonly schema: GraphQLSchema
  readonly yoga: YogaServerInstance<SocketContext, object>
  /** The document that an operation means; throws GraphQLError and DomainError. */
  documentOf?(params: OperationParams): DocumentNode
}

interface RunnerParts {
  graph(): SocketGraph
  readonly log: Log
  readonly telemetry: Telemetry | undefined
  /** Whether operations bring their own `authorization`, `requestId` and `traceparent` in their `extensions`. */
  readonly fromGateway: boolean
}

/** Runs an operation through all of Yoga's plugins. It never throws: that would close the whole socket. */
export function operationRunner({ graph, log, telemetry, fromGateway }: RunnerParts) {
  const answer = async (args: ExecutionArgs) => {
    const { params, request, authorization } = args.contextValue as RunContext
    try {
      const context: SocketContext = { authorization, overSocket: true }
      const result = await graph().yoga.getResultForParams(
        { params: params as GraphQLParams, request },
        context as never,
      )
      return withoutHttp(result)
    } catch (error) {
      return { errors: [maskError(error, log)] }
    }
  }

  return async (args: ExecutionArgs) => {
    const { params, request } = args.contextValue as RunContext
    const brought = fromGateway ? (params.extensions ?? {}) : {}
    const traceparent = textOf(brought.traceparent) ?? request.headers.get('traceparent')
    const entry = {
      name: 'operation over WebSocket',
      kind: SpanKind.SERVER,
      tracer: telemetry?.tracer,
      traceparent,
      labels: { requestId: textOf(brought.requestId) ?? newId('req') },
    }
    return enter(entry, () => answer(args))
  }
}

export const operationContext = (
  params: OperationParams,
  request: IncomingMessage,
  authorization: string | undefined,
): object => {
  const url = `http://${request.headers.host ?? 'localhost'}/graphql`
  const asPost = new Request(url, { method: 'POST', headers: headersOf(request) })
  return { params, request: asPost, authorization } satisfies RunContext
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

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

export interface OperationParams {
  query: string
  operationName?: string | null
  variables?: Record<string, unknown> | null
  extensions?: Record<string, unknown> | null
}

interface RunContext extends SocketContext {
  readonly params: OperationParams
  readonly request: Request
}
