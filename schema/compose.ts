import { composeServices } from '@apollo/composition'
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals'
import { parse, printSchema } from 'graphql'
import { readEnv } from '../kernel/env.ts'
import { invalidInput } from '../kernel/errors.ts'

export interface Composed {
  readonly supergraph: string
  /** What clients see. */
  readonly api: string
}

/**
 * Composes subgraphs, given as their SDL by name, each at the URL where a process started alone listens. Throws
 * INVALID_INPUT with every complaint of the composition.
 */
export function composeSupergraph(
  subgraphs: Readonly<Record<string, string>>,
  urlOf: (name: string) => string = defaultUrl,
): Composed {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(subgraphs).map(([name, sdl]) => ({ name, url: urlOf(name), typeDefs: parse(sdl) })),
  )
  if (errors) {
    throw invalidInput(`The subgraphs do not compose:\n${errors.map(error => `- ${error.message}`).join('\n')}`)
  }
  const supergraph = Supergraph.build(supergraphSdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES })
  return {
    supergraph: `${supergraphSdl.trim()}\n`,
    api: `${printSchema(supergraph.apiSchema().toGraphQLJSSchema()).trim()}\n`,
  }
}

function defaultUrl(name: string): string {
  const url = (readEnv({}) as Readonly<Record<string, unknown>>)[`${name.toUpperCase()}_URL`]
  if (typeof url !== 'string')
    throw invalidInput(`No variable of the environment says where the subgraph "${name}" is.`)
  return url
}
