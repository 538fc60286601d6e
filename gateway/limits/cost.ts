import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql'
import type { LoadedSupergraph } from '../execution/supergraph.ts'
import { readWeights, type Weights } from './cost-weights.ts'

/** Items of a list that nothing is declared about: who wants it bounded declares it. */
const unknownSize = 1
/** What a mutation costs besides its answer. */
const mutationCost = 10

type Variables = Readonly<Record<string, unknown>>

/** The lists under a field whose length its arguments decide, as `edges` of a connection. */
interface Sized {
  readonly fields: readonly string[]
  readonly size: number
}

export type CostCheck = (
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Variables,
) => GraphQLError | undefined

/**
 * Bounds what an operation may cost before anything of it is planned: one for every object that it may yield, by @cost
 * and @listSize where they are declared (federation 2.9), a list that nothing is declared about counting once.
 */
export function openCostCheck({ composed, schema }: LoadedSupergraph, most: number): CostCheck {
  const weights = readWeights(composed)
  // What no variable changes is worked out once, and kept as long as the document is.
  const fixed = new WeakMap<DocumentNode, Map<string, number>>()
  return (document, operationName, variables) => {
    const name = operationName ?? ''
    const known = fixed.get(document) ?? new Map<string, number>()
    fixed.set(document, known)
    const { cost, varies } = known.has(name)
      ? { cost: known.get(name)!, varies: false }
      : costOf(document, operationName, variables, schema, weights)
    if (!varies) known.set(name, cost)
    if (cost <= most) return
    return new GraphQLError(
      `This operation may cost ${Math.round(cost)}, and ${most} is the most: ask for smaller pages (\`first\`), or for less at once.`,
      { extensions: { code: 'INVALID_INPUT', cost } },
    )
  }
}

function costOf(
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Variables,
  schema: GraphQLSchema,
  weights: (coordinate: string) => Weights,
): { readonly cost: number; readonly varies: boolean } {
  const operation = getOperationAST(document, operationName)
  const root = operation && schema.getRootType(operation.operation)
  // Of an operation that is not there, nothing is kept: its name is anything that somebody thinks of.
  if (!operation || !root) return { cost: 0, varies: true }
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  const defaults = Object.fromEntries(
    (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)] as const] : [],
    ),
  )
  const values = { ...defaults, ...variables }
  let varies = false
  // A fragment is worked out once, however often it is spread: nested spreads would double with every level.
  const known = new Map<string, number>()

  function ofSelection({ selections }: SelectionSetNode, parent: GraphQLNamedType, sized?: Sized): number {
    let sum = 0
    for (const node of selections) {
      if (node.kind === Kind.FIELD) sum += ofField(node, parent, sized)
      else if (node.kind === Kind.INLINE_FRAGMENT) {
        sum += ofSelection(node.selectionSet, typeNamed(node.typeCondition?.name.value) ?? parent, sized)
      } else sum += ofFragment(node.name.value, sized)
    }
    return sum
  }

  function ofFragment(name: string, sized?: Sized): number {
    const key = `${name} ${sized?.size ?? ''} ${sized?.fields.join(' ') ?? ''}`
    const fragment = fragments.get(name)
    const type = typeNamed(fragment?.typeCondition.name.value)
    if (!known.has(key)) known.set(key, fragment && type ? ofSelection(fragment.selectionSet, type, sized) : 0)
    return known.get(key)!
  }

  function ofField(node: FieldNode, parent: GraphQLNamedType, sized?: Sized): number {
    const name = node.name.value
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined
    if (!field) return 0
    const { cost, listSize } = weights(`${parent.name}.${name}`)
    const type = getNamedType(field.type)
    const size = listSize && sliceOf(node, listSize, values)
    varies ||= listSize !== undefined && node.arguments?.some(({ value }) => value.kind === Kind.VARIABLE) === true
    const isSized = listSize?.sizedFields && listSize.sizedFields.length > 0
    const items = !isListType(getNullableType(field.type))
      ? 1
      : sized?.fields.includes(name)
        ? sized.size
        : ((isSized ? undefined : size) ?? unknownSize)
    const inner = isSized && size !== undefined ? { fields: listSize.sizedFields!, size } : undefined
    const own = cost ?? weights(type.name).cost ?? (isCompositeType(type) ? 1 : 0)
    return items * (own + (node.selectionSet ? ofSelection(node.selectionSet, type, inner) : 0))
  }

  const typeNamed = (name: string | undefined) => (name === undefined ? undefined : schema.getType(name))
  const mutations = operation.operation === 'mutation' ? operation.selectionSet.selections.length * mutationCost : 0
  return { cost: mutations + ofSelection(operation.selectionSet, root), varies }
}

function sliceOf(
  { arguments: given = [] }: FieldNode,
  { slicingArguments = [], assumedSize }: NonNullable<Weights['listSize']>,
  variables: Variables,
): number | undefined {
  const slices = given
    .filter(argument => slicingArguments.includes(argument.name.value))
    .map(argument => valueFromASTUntyped(argument.value, variables))
    .filter((value): value is number => typeof value === 'number' && value >= 0)
  return slices.length > 0 ? Math.max(...slices) : assumedSize
}
