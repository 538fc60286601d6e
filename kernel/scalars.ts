import {
  type FloatValueNode,
  GraphQLError,
  GraphQLScalarType,
  type IntValueNode,
  Kind,
  type ValueNode,
  valueFromASTUntyped,
  visit,
} from 'graphql'

/** ISO 8601 in UTC; a Date inside the service. */
export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'A moment as ISO 8601 in UTC, such as 2026-01-31T12:00:00.000Z.',
  serialize: value => (value instanceof Date ? value : new Date(String(value))).toISOString(),
  parseValue: value => dateOf(value),
  parseLiteral: node => dateOf(node.kind === Kind.STRING ? node.value : undefined),
})

function dateOf(value: unknown): Date {
  const date = new Date(typeof value === 'string' ? value : Number.NaN)
  if (Number.isNaN(date.getTime())) throw new GraphQLError(`${JSON.stringify(value)} is no ISO 8601 time.`)
  return date
}

export const JSONValue = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: 'Any JSON value.',
  serialize: value => value,
  parseValue: value => value,
  parseLiteral: (node, variables) => {
    refuseInfinities(node)
    return valueFromASTUntyped(node, variables)
  },
})

/** JSON has none: stored, 1e400 would come back as null. */
function refuseInfinities(literal: ValueNode): void {
  const refuse = (node: IntValueNode | FloatValueNode) => {
    if (!Number.isFinite(Number(node.value))) throw new GraphQLError(`${node.value} is too large for a number.`)
  }
  visit(literal, { IntValue: refuse, FloatValue: refuse })
}
