import {
  type GraphQLCompositeType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isNonNullType,
} from 'graphql'
import { random } from './generated-graph.ts'

/** An operation over `schema`: aliases, fragments, abstract types, @skip and @include by constants and by variables. */
export function generatedOperation(schema: GraphQLSchema, seed: number) {
  const next = random(seed)
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)]!
  const fragments: string[] = []
  const isMutation = next() < 0.1
  const root = isMutation ? schema.getMutationType()! : schema.getQueryType()!
  const selection = select(root, 3)
  const query = `${isMutation ? 'mutation' : 'query'} Q($yes: Boolean! = true, $no: Boolean! = false) ${selection}
    ${fragments.join('\n')}`
  return { query, variables: { yes: next() < 0.7, ...(next() < 0.5 && { no: next() < 0.4 }) } }

  function select(type: GraphQLCompositeType, depth: number): string {
    const parts = Array.from({ length: 1 + Math.floor(next() * 3) }, () => part(type, depth))
    return `{ ${parts.join(' ')} }`
  }

  function part(type: GraphQLCompositeType, depth: number): string {
    const chance = next()
    if (chance < 0.12 || !('getFields' in type)) {
      if (chance < 0.04) return pick(['__typename', 'kind: __typename'])
      const inner = isAbstractType(type) ? pick(schema.getPossibleTypes(type)) : type
      return `... on ${inner.name} ${directive()} ${select(inner, depth - 1)}`
    }
    if (chance < 0.2 && type !== schema.getQueryType()) {
      const name = `F${fragments.length}`
      fragments.push('')
      fragments[Number(name.slice(1))] = `fragment ${name} on ${type.name} ${select(type, depth - 1)}`
      return `...${name} ${directive()}`
    }
    const fields = Object.values(type.getFields()).filter(({ type }) => depth > 0 || !isComposite(type))
    if (fields.length === 0) return '__typename'
    const field = pick(fields)
    const required = field.args.filter(({ type, defaultValue }) => isNonNullType(type) && defaultValue === undefined)
    const args = required.length > 0 ? `(${required.map(({ name }) => `${name}: "person-2"`).join()})` : ''
    const named = getNamedType(field.type)
    const alias = next() < 0.3 ? `${pick(['a', 'b', 'constructor'])}_${field.name}: ` : ''
    return `${alias}${field.name}${args} ${directive()} ${isCompositeType(named) ? select(named, depth - 1) : ''}`
  }

  function directive(): string {
    if (next() > 0.15) return ''
    return pick(['@include(if: $yes)', '@skip(if: $no)', '@include(if: true)', '@skip(if: $yes)', '@include(if: $no)'])
  }
}

const isComposite = (type: GraphQLOutputType): boolean => isCompositeType(getNamedType(type))
