import {
  execute,
  type GraphQLArgument,
  type GraphQLSchema,
  type GraphQLUnionType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  parse,
  subscribe,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { scopes } from '../../kernel/auth/identity.ts'
import { schema as models } from '../../subgraphs/models/graph.ts'
import { schema as monitoring } from '../../subgraphs/monitoring/graph.ts'
import { schema as orchestration } from '../../subgraphs/orchestration/graph.ts'
import { schema as realtime } from '../../subgraphs/realtime/graph.ts'
import { schema as training } from '../../subgraphs/training/graph.ts'

const subgraphs: Record<string, GraphQLSchema> = { training, models, monitoring, realtime, orchestration }

type Declared = readonly { name: string; args: { scopes: string[][] } }[]
const scopeOf = ({ extensions }: { readonly extensions: Readonly<Record<string, unknown>> }): string | undefined =>
  ((extensions.directives ?? []) as Declared).find(({ name }) => name === 'requiresScopes')?.args.scopes[0]?.[0]

/** Every root field of a subgraph with the scope that its SDL declares; the gateway is not there to ask. */
const guarded = Object.entries(subgraphs).flatMap(([name, schema]) =>
  (['query', 'mutation', 'subscription'] as const).flatMap(operation => {
    const root = schema.getRootType(operation as never)
    return Object.values(root?.getFields() ?? {}).flatMap(field => {
      const scope = scopeOf(field)
      return scope ? [{ name, schema, operation, field, scope }] : []
    })
  }),
)

/** Every field that the gateway reaches by `_entities`, with the scope of its type or of its own. */
const joined = Object.entries(subgraphs).flatMap(([name, schema]) =>
  ((schema.getType('_Entity') as GraphQLUnionType | undefined)?.getTypes() ?? []).flatMap(type =>
    Object.values(type.getFields()).flatMap(field => {
      const wanted = scopeOf(field) ?? scopeOf(type)
      return wanted ? [{ name, schema, type, field, scope: wanted }] : []
    }),
  ),
)

describe('a subgraph', () => {
  it.each(joined)(
    '$name refuses $type.name.$field.name of an entity without $scope',
    async ({ schema, type, field, scope }) => {
      // Whatever the store would find: nothing of it may be shown.
      Object.assign(type, { extensions: { ...type.extensions, apollo: { subgraph: { resolveReference: found } } } })
      const selection = isObjectType(getNamedType(field.type)) ? '{ __typename }' : ''
      const given = field.args.filter(isRequiredArgument).map(argument => `${argument.name}: ${literal(argument)}`)
      const asked = `${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''} ${selection}`
      const document = parse(
        `{ _entities(representations: [{ __typename: "${type.name}", id: "x" }]) { ... on ${type.name} { ${asked} } } }`,
      )
      const identity = { principal: 'key_1', name: '', project: '*', scopes: scopes.filter(other => other !== scope) }
      const { errors } = await execute({ schema, document, contextValue: { identity } })
      expect(
        (errors as readonly { originalError?: { code?: string } }[] | undefined)?.map(
          ({ originalError }) => originalError?.code,
        ),
      ).toEqual(['FORBIDDEN'])
    },
  )

  it.each(guarded)(
    '$name refuses $operation $field.name without $scope',
    async ({ schema, operation, field, scope }) => {
      const selection = isObjectType(getNamedType(field.type)) ? '{ __typename }' : ''
      const given = field.args.filter(isRequiredArgument).map(argument => `${argument.name}: ${literal(argument)}`)
      const document = parse(
        `${operation} { ${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''} ${selection} }`,
      )
      // Every other scope, and nothing of the service's own: a resolver that ran would fail in another way.
      const identity = { principal: 'key_1', name: '', project: '*', scopes: scopes.filter(other => other !== scope) }
      const run = operation === 'subscription' ? subscribe : execute
      const result = await run({ schema, document, contextValue: { identity } })
      const { errors } = result as { errors?: { originalError?: { code?: string } }[] }
      expect(errors?.map(({ originalError }) => originalError?.code)).toEqual(['FORBIDDEN'])
    },
  )

  it('guards every root field but those that say who you are', () => {
    const all = Object.values(subgraphs).flatMap(schema =>
      [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap(root =>
        Object.keys(root?.getFields() ?? {}).filter(name => !name.startsWith('_')),
      ),
    )
    const open = all.filter(name => !guarded.some(({ field }) => field.name === name))
    expect(open).toEqual(['viewer'])
    expect(guarded.length).toBeGreaterThan(25)
    expect(joined.length).toBeGreaterThan(40)
  })
})

const found = (reference: object) => reference

function literal({ type }: Pick<GraphQLArgument, 'type'>): string {
  const named = getNamedType(type)
  if (isEnumType(named)) return named.getValues()[0]!.name
  if (!isInputObjectType(named)) return { Int: '1', Float: '1', Boolean: 'true' }[named.name] ?? '"1"'
  const required = Object.values(named.getFields()).filter(isRequiredInputField)
  return `{ ${required.map(field => `${field.name}: ${literal(field)}`).join(', ')} }`
}
