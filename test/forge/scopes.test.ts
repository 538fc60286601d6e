import {
  execute,
  type GraphQLArgument,
  type GraphQLSchema,
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

/** Every root field of a subgraph with the scope that its SDL declares; the gateway is not there to ask. */
const guarded = Object.entries(subgraphs).flatMap(([name, schema]) =>
  (['query', 'mutation', 'subscription'] as const).flatMap(operation => {
    const root = schema.getRootType(operation as never)
    return Object.values(root?.getFields() ?? {}).flatMap(field => {
      const declared = (field.extensions.directives ?? []) as { name: string; args: { scopes: string[][] } }[]
      const scope = declared.find(directive => directive.name === 'requiresScopes')?.args.scopes[0]?.[0]
      return scope ? [{ name, schema, operation, field, scope }] : []
    })
  }),
)

describe('a subgraph', () => {
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
  })
})

function literal({ type }: Pick<GraphQLArgument, 'type'>): string {
  const named = getNamedType(type)
  if (isEnumType(named)) return named.getValues()[0]!.name
  if (!isInputObjectType(named)) return { Int: '1', Float: '1', Boolean: 'true' }[named.name] ?? '"1"'
  const required = Object.values(named.getFields()).filter(isRequiredInputField)
  return `{ ${required.map(field => `${field.name}: ${literal(field)}`).join(', ')} }`
}
