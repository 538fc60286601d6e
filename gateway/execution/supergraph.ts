import { readFile } from 'node:fs/promises'
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, type Schema, Supergraph } from '@apollo/federation-internals'
import { QueryPlanner } from '@apollo/query-planner'
import type { GraphQLSchema } from 'graphql'
import { invalidInput } from '../../kernel/errors.ts'

/** A composed graph, ready to plan against. */
export interface LoadedSupergraph {
  /** GraphQL endpoint of each subgraph by its name, as composed. */
  readonly subgraphs: ReadonlyMap<string, string>
  readonly planner: QueryPlanner
  /** What clients see, as the planner wants it. */
  readonly api: Schema
  /** Everything the subgraphs have, with its directives. */
  readonly composed: Schema
  /** What clients see, as graphql-js wants it. */
  readonly schema: GraphQLSchema
  /** Everything the subgraphs have, as graphql-js wants it. */
  readonly full: GraphQLSchema
  /** The subscriptions that can be resumed, by their names. */
  readonly resumables: ReadonlyMap<string, Resumable>
}

/** What the directive `@resumable` says of a subscription. */
export interface Resumable {
  /** Name of the field of its events that holds the cursor. */
  readonly cursor: string
  /** Where it begins without `after`; undefined where the subgraph does not say. */
  readonly begins: 'FIRST_EVENT' | 'NOW' | undefined
}

/** Loads any Federation 2 supergraph; throws INVALID_INPUT when the text is none. */
export function loadSupergraph(sdl: string): LoadedSupergraph {
  const supergraph = buildSupergraph(sdl)
  const api = supergraph.apiSchema()
  return {
    subgraphs: new Map(supergraph.subgraphsMetadata().map(({ name, url }) => [name, url])),
    planner: new QueryPlanner(supergraph),
    api,
    composed: supergraph.schema,
    schema: api.toGraphQLJSSchema(),
    full: supergraph.schema.toGraphQLJSSchema(),
    resumables: resumableFields(supergraph.schema),
  }
}

export async function readSupergraph(path: string): Promise<LoadedSupergraph> {
  try {
    return loadSupergraph(await readFile(path, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw invalidInput(
        `There is no supergraph at ${path}: name one with --supergraph FILE or the variable SUPERGRAPH.`,
      )
    }
    throw error
  }
}

// The features of Apollo's router rather than of its gateway: the latter refuses @authenticated, @requiresScopes and @policy.
function buildSupergraph(sdl: string): Supergraph {
  try {
    return Supergraph.build(sdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES })
  } catch (error) {
    throw invalidInput(
      `This is no supergraph that the gateway can run: ${error instanceof Error ? error.message : error}`,
    )
  }
}

/** Reads the directive `@resumable(cursor: "cursor", …)`, which subgraphs compose onto their subscriptions. */
function resumableFields(schema: Schema): ReadonlyMap<string, Resumable> {
  const fields = schema.schemaDefinition.rootType('subscription')?.fields() ?? []
  return new Map(
    fields.flatMap(field => {
      const directive = field.appliedDirectives.find(({ name }) => name === 'resumable')
      const { cursor, begins } = directive?.arguments() ?? {}
      // The cursor is passed back as the argument `after`: without one there is nothing to resume with.
      return typeof cursor === 'string' && field.argument('after') ? [[field.name, { cursor, begins }] as const] : []
    }),
  )
}
