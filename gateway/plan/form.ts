import {
  type GraphQLLeafType,
  type GraphQLOutputType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isSpecifiedScalarType,
} from 'graphql'

/** What a field's type demands of a value, worked out once: of each of them exactly one of the last three is there. */
export interface Form {
  readonly isNonNull: boolean
  readonly item?: Form
  readonly isLeaf?: (value: unknown) => boolean
  /** Name of an object, interface or union. */
  readonly composite?: string
}

export function formOf(type: GraphQLOutputType, isNonNull = false): Form {
  if (isNonNullType(type)) return formOf(type.ofType, true)
  if (isListType(type)) return { isNonNull, item: formOf(type.ofType) }
  return isLeafType(type) ? { isNonNull, isLeaf: leafTest(type) } : { isNonNull, composite: type.name }
}

const isString = (value: unknown): boolean => typeof value === 'string'

function leafTest(type: GraphQLLeafType): (value: unknown) => boolean {
  if (isEnumType(type)) return value => typeof value === 'string' && type.getValue(value) !== undefined
  if (!isSpecifiedScalarType(type)) return () => true
  switch (type.name) {
    case 'Int':
      return Number.isInteger
    case 'Float':
      return value => typeof value === 'number'
    case 'Boolean':
      return value => typeof value === 'boolean'
    case 'ID':
      return value => isString(value) || Number.isInteger(value)
    default:
      return isString
  }
}
