import SchemaBuilder, {
  BasePlugin,
  type PothosOutputFieldConfig,
  type PothosTypeConfig,
  type SchemaTypes,
} from '@pothos/core'
import { pageSize } from '../federation.ts'

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      accessDirectives: AccessDirectivesPlugin<Types>
    }
  }
}

interface Directive {
  readonly name: string
  readonly args: object
}

/**
 * Prints into the SDL what a subgraph enforces itself, so that the gateway can refuse the same before it asks anybody:
 * `authScopes` as @requiresScopes, a root field without any as @authenticated, and the pages of connections as @listSize.
 */
class AccessDirectivesPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onTypeConfig(config: PothosTypeConfig) {
    return withDirectives(config, scopesOf(config.name, config.pothosOptions))
  }

  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>) {
    const scopes = scopesOf(`${config.parentType}.${config.name}`, config.pothosOptions)
    const isRoot = config.kind === 'Query' || config.kind === 'Mutation' || config.kind === 'Subscription'
    const open = isRoot && scopes.length === 0 ? [{ name: 'authenticated', args: {} }] : []
    const page = 'first' in config.args && 'last' in config.args ? [connectionSize] : []
    return withDirectives(config, [...scopes, ...open, ...page])
  }
}

const connectionSize: Directive = {
  name: 'listSize',
  args: {
    assumedSize: pageSize.defaultSize,
    slicingArguments: ['first', 'last'],
    sizedFields: ['edges'],
    requireOneSlicingArgument: false,
  },
}

function scopesOf(place: string, options: object): readonly Directive[] {
  if (!('authScopes' in options) || !options.authScopes) return []
  const { scope } = options.authScopes as { scope?: unknown }
  if (typeof scope !== 'string') throw new Error(`authScopes of ${place} cannot be printed: write { scope: '…' }`)
  return [{ name: 'requiresScopes', args: { scopes: [[scope]] } }]
}

function withDirectives<Config extends { extensions?: Readonly<Record<string, unknown>> | null }>(
  config: Config,
  added: readonly Directive[],
): Config {
  if (added.length === 0) return config
  const present = config.extensions?.directives ?? []
  const listed = Array.isArray(present)
    ? present
    : Object.entries(present).map(([name, args]) => ({ name, args: args as object }))
  return { ...config, extensions: { ...config.extensions, directives: [...listed, ...added] } }
}

/** Name of the plugin, for the list that a builder takes. */
export const AccessDirectives = 'accessDirectives' as const

SchemaBuilder.registerPlugin(AccessDirectives, AccessDirectivesPlugin)
