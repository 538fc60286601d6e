import { composeServices } from '@apollo/composition'
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals'
import { parse, printSchema } from 'graphql'

export interface Composed {
  readonly supergraph: string
  /** What clients see. */
  readonly api: string
}

/**
 * Composes subgraphs, given as their SDL by name. Ours carry no URL: where a service is, the gateway's environment
 * says. Throws with every complaint of the composition.
 */
export function composeSupergraph(
  subgraphs: Readonly<Record<string, string>>,
  urls: Readonly<Record<string, string>> = {},
): Composed {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(subgraphs).map(([name, sdl]) => ({ name, url: urls[name] ?? '', typeDefs: parse(sdl) })),
  )
  if (errors) throw new Error(`The subgraphs do not compose:\n${errors.map(error => `- ${error.message}`).join('\n')}`)
  const supergraph = Supergraph.build(supergraphSdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES })
  return {
    supergraph: `${supergraphSdl.trim()}\n`,
    api: `${printSchema(supergraph.apiSchema().toGraphQLJSSchema()).trim()}\n`,
  }
}
