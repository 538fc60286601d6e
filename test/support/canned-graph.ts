import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSubgraphSchema } from '@apollo/subgraph'
import {
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isObjectType,
  isScalarType,
  parse,
} from 'graphql'
import type { SubgraphSource } from './federated-graph.ts'

const folder = join(import.meta.dirname, '../../schema/subgraphs')

/** The forge's own subgraphs as their SDL promises them, answering something non-null to everything, and to anybody. */
export function cannedSubgraphs(): Record<string, SubgraphSource> {
  return Object.fromEntries(
    readdirSync(folder).map(file => {
      const sdl = readFileSync(join(folder, file), 'utf8')
      return [file.replace('.graphql', ''), { sdl, resolvers: cannedResolvers(sdl) }]
    }),
  )
}

function cannedResolvers(sdl: string): SubgraphSource['resolvers'] {
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl) })
  const types = Object.values(schema.getTypeMap()).filter(isObjectType)
  return Object.fromEntries(
    types
      .filter(({ name }) => !name.startsWith('_'))
      .map(type => {
        const fields = Object.values(type.getFields()).filter(({ name }) => !name.startsWith('_'))
        const isStream = type === schema.getSubscriptionType()
        const resolvers = fields.map(field => {
          const value = () => cannedValue(field.type)
          const resolve = (parent: Record<string, unknown> | undefined) => parent?.[field.name] ?? value()
          return [field.name, isStream ? { subscribe: once, resolve: value } : resolve]
        })
        const isEntity = type.astNode?.directives?.some(({ name }) => name.value === 'key')
        const reference = isEntity ? { __resolveReference: (key: object) => key } : {}
        return [type.name, { ...Object.fromEntries(resolvers), ...reference }]
      }),
  ) as unknown as SubgraphSource['resolvers']
}

async function* once() {
  yield {}
}

function cannedValue(type: GraphQLOutputType): unknown {
  if (isListType(getNullableType(type))) return [cannedValue(getNamedType(type))]
  const named = getNamedType(type)
  if (isEnumType(named)) return named.getValues()[0]!.value
  if (!isScalarType(named)) return {}
  return { Int: 1, Float: 0.5, Boolean: true, DateTime: '2026-01-31T12:00:00.000Z', JSON: {} }[named.name] ?? 'x'
}
