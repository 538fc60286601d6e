import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { startGateway } from '../../gateway/main.ts'
import { readEnv } from '../../kernel/env.ts'
import type { Serving } from '../../kernel/serve.ts'
import type { FederatedGraph } from './federated-graph.ts'
import { silentLog } from './silent-log.ts'

export interface Result {
  data?: Record<string, unknown> | null
  errors?: { message: string; path?: unknown[]; extensions?: Record<string, unknown> }[]
  extensions?: Record<string, unknown>
}

/** A gateway over `graph` that asks for no key, unless `variables` say otherwise. */
export const gatewayOf = (
  graph: Pick<FederatedGraph, 'file' | 'folder'>,
  variables: Record<string, string> = {},
): Promise<Serving> =>
  startGateway(
    readEnv({ SUPERGRAPH: graph.file, FORGE_DATA: graph.folder, PORT: '0', FORGE_AUTH: 'off', ...variables }),
    { log: silentLog },
  )

export async function ask(
  gateway: Serving,
  query: string,
  variables: object = {},
  headers: Record<string, string> = {},
): Promise<Result & { status: number }> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  })
  return { status: response.status, ...((await response.json()) as Result) }
}

/** Events of an operation over graphql-ws, on a connection of its own that never comes back by itself. */
export function subscribe(
  gateway: Serving,
  query: string,
  {
    variables = {},
    extensions,
    connectionParams,
  }: {
    variables?: Record<string, unknown>
    extensions?: Record<string, unknown>
    connectionParams?: Record<string, unknown>
  } = {},
): AsyncIterableIterator<Result> {
  const client = createClient({
    url: `${gateway.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
  })
  return client.iterate({ query, variables, extensions }) as AsyncIterableIterator<Result>
}
