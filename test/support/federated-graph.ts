import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { type GraphQLResolveInfo, type GraphQLSchema, parse } from 'graphql'
import type { Verify } from '../../kernel/auth/tokens.ts'
import { type RequestContext, type Serving, serveGraph } from '../../kernel/serve.ts'
import type { PeerTls } from '../../kernel/tls/credentials.ts'
import { composeSupergraph } from '../../schema/compose.ts'
import { silentLog } from './silent-log.ts'

type Resolver = (parent: never, args: never, context: RequestContext, info: GraphQLResolveInfo) => unknown

export interface SubgraphSource {
  readonly sdl: string
  readonly resolvers: Record<string, Record<string, Resolver | { subscribe: Resolver; resolve?: Resolver }>>
}

/** Federation's own directives, and the one that the gateway reads. */
export const link = `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external", "@requires"])
`
export const resumableLink = `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@composeDirective"])
    @link(url: "https://forge.test/streams/v1.0", import: ["@resumable"])
    @composeDirective(name: "@resumable")
  directive @resumable(cursor: String!, slowReader: SlowReader!, begins: Beginning) on FIELD_DEFINITION
  enum Beginning { FIRST_EVENT NOW }
  enum SlowReader { COALESCE GAP }
`

export interface FederatedGraph extends AsyncDisposable {
  /** Path of the composed supergraph. */
  readonly file: string
  /** A folder for the gateway's keys. */
  readonly folder: string
  /** GraphQL endpoint of a subgraph. */
  url(name: string): string
  stop(name: string): Promise<void>
  /** Serves the subgraph again, at the address it had. */
  start(name: string): Promise<void>
}

/** Serves subgraphs on loopback and composes them. They take any caller unless `verify` says otherwise. */
export async function startFederatedGraph(
  sources: Record<string, SubgraphSource>,
  verify: (name: string) => Verify = () => async () => ({ principal: 'anybody', name: '', project: '*', scopes: [] }),
  tls?: PeerTls,
): Promise<FederatedGraph> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-'))
  const running = new Map<string, Serving>()
  const urls = new Map<string, string>()

  const start = async (name: string) => {
    const { sdl, resolvers } = sources[name]!
    const serving = await serveGraph({
      name,
      schema: buildSubgraphSchema({ typeDefs: parse(sdl), resolvers: resolvers as never }) as GraphQLSchema,
      host: '127.0.0.1',
      port: urls.has(name) ? Number(new URL(urls.get(name)!).port) : 0,
      verify: verify(name),
      tls,
      log: silentLog,
      context: () => ({}),
      healthy: async () => {},
    })
    running.set(name, serving)
    urls.set(name, serving.url)
  }
  const stop = async (name: string) => {
    await running.get(name)?.[Symbol.asyncDispose]()
    running.delete(name)
  }

  for (const name of Object.keys(sources)) await start(name)
  const sdl = Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, source.sdl]))
  const endpoints = Object.fromEntries([...urls].map(([name, url]) => [name, `${url}/graphql`]))
  const file = join(folder, 'supergraph.graphql')
  await writeFile(file, composeSupergraph(sdl, endpoints).supergraph)
  return {
    file,
    folder,
    url: name => `${urls.get(name)}/graphql`,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      for (const name of [...running.keys()]) await stop(name)
      await rm(folder, { recursive: true })
    },
  }
}
