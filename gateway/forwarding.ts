import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Pool } from 'undici'
import { DomainError, unavailable } from '../kernel/errors.ts'
import type { OperationScope } from './context.ts'
import { isFailure } from './execution/resilience.ts'
import type { Subgraph } from './execution/subgraph.ts'

/** Paths whose bytes do not travel through the graph, and the subgraph that serves each. */
const forwardings: Readonly<Record<string, string>> = {
  artifacts: 'models',
  uploads: 'training',
  v1: 'models',
}

// RFC 9110 7.6.1, and what the gateway sets itself or keeps for itself.
const notForwarded = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'expect',
  'cookie',
  'authorization',
  'x-request-id',
  'traceparent',
])

/** The subgraph that serves this path beside GraphQL. */
export function forwardingTarget(path: string, subgraphs: Readonly<Record<string, Subgraph>>): Subgraph | undefined {
  const service = forwardings[path.split('/', 2)[1] ?? '']
  return service === undefined ? undefined : subgraphs[service]
}

/** Streams a request to a subgraph and its answer back, with the identity that the gateway signed. */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  subgraph: Subgraph,
  scope: OperationScope,
): Promise<void> {
  const answer = await send(request, subgraph, scope)
  response.writeHead(answer.statusCode, kept(answer.headers))
  try {
    await pipeline(answer.body, response)
  } catch (error) {
    // The status is out: breaking off is all that can still tell the client, who may also be the one that left.
    if (!scope.client?.hasLeft) scope.log.warn({ service: subgraph.name, err: error }, 'a forwarded answer broke off')
    response.destroy()
  }
}

async function send(request: IncomingMessage, subgraph: Subgraph, scope: OperationScope): ReturnType<Pool['request']> {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
  const instance = subgraph.instances.next()
  try {
    return await instance.pool.request({
      path: request.url!,
      method: request.method as 'GET',
      headers: { ...kept(request.headers), ...(await subgraph.headers(scope)) },
      body: hasBody ? request : null,
      signal: scope.client?.signal,
    })
  } catch (error) {
    if (error instanceof DomainError) throw error
    if (isFailure(error)) subgraph.instances.eject(instance)
    throw unavailable(`The service "${subgraph.name}" cannot be reached: try again in a moment.`, error)
  }
}

function kept(headers: NodeJS.Dict<string | string[]>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (header): header is [string, string | string[]] => header[1] !== undefined && !notForwarded.has(header[0]),
    ),
  )
}
