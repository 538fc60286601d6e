import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import { type Form, formOf } from './form.ts'
import type { Json } from './types.ts'

/** What an object of one type shows of itself in an answer. */
export interface Shape {
  readonly type: GraphQLCompositeType
  readonly fields: readonly ShapeField[]
}

export interface ShapeField {
  readonly name: string
  readonly responseName: string
  /** Undefined for `__typename`, and for introspection, which is no part of the subgraphs' data. */
  readonly form: Form | undefined
  readonly nodes: readonly FieldNode[]
  /** The shape of an object that says it is of this type; undefined when that is none of the API's. */
  shapeOf(typename: string): Shape | undefined
}

export interface ShapeSource {
  readonly schema: GraphQLSchema
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  /** Those of @skip and @include decide what is in the shape. */
  readonly variables: Readonly<Json>
}

/** Merges the selections that hold for one type, as GraphQL's CollectFields does; shapes below are made when needed. */
export function shapeOf(source: ShapeSource, type: GraphQLCompositeType, sets: readonly SelectionSetNode[]): Shape {
  const groups = new Map<string, FieldNode[]>()
  const visited = new Set<string>()
  for (const set of sets) collect(source, type, set.selections, groups, visited)
  return { type, fields: [...groups].map(([responseName, nodes]) => fieldOf(source, type, responseName, nodes)) }
}

function fieldOf(
  source: ShapeSource,
  parent: GraphQLCompositeType,
  responseName: string,
  nodes: readonly FieldNode[],
): ShapeField {
  const name = nodes[0]!.name.value
  const type = name.startsWith('__') || !('getFields' in parent) ? undefined : parent.getFields()[name]?.type
  const sets = nodes.flatMap(node => (node.selectionSet ? [node.selectionSet] : []))
  const shapes = new Map<string, Shape>()
  return {
    name,
    responseName,
    form: type && formOf(type),
    nodes,
    shapeOf(typename) {
      const known = shapes.get(typename)
      if (known) return known
      const runtimeType = source.schema.getType(typename)
      if (!isCompositeType(runtimeType)) return
      const shape = shapeOf(source, runtimeType, sets)
      shapes.set(typename, shape)
      return shape
    },
  }
}

function collect(
  source: ShapeSource,
  type: GraphQLCompositeType,
  selections: readonly SelectionNode[],
  groups: Map<string, FieldNode[]>,
  visited: Set<string>,
): void {
  for (const selection of selections) {
    if (!isIncluded(selection, source.variables)) continue
    if (selection.kind === Kind.FIELD) {
      const name = selection.alias?.value ?? selection.name.value
      const group = groups.get(name)
      if (group) group.push(selection)
      else groups.set(name, [selection])
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      if (applies(source.schema, selection.typeCondition?.name.value, type))
        collect(source, type, selection.selectionSet.selections, groups, visited)
    } else if (!visited.has(selection.name.value)) {
      visited.add(selection.name.value)
      const fragment = source.fragments[selection.name.value]!
      if (applies(source.schema, fragment.typeCondition.name.value, type))
        collect(source, type, fragment.selectionSet.selections, groups, visited)
    }
  }
}

const isIncluded = (node: SelectionNode, variables: Readonly<Json>): boolean =>
  !node.directives?.length ||
  (getDirectiveValues(GraphQLSkipDirective, node, variables)?.if !== true &&
    getDirectiveValues(GraphQLIncludeDirective, node, variables)?.if !== false)

function applies(schema: GraphQLSchema, condition: string | undefined, type: GraphQLCompositeType): boolean {
  if (condition === undefined || condition === type.name) return true
  const conditional = schema.getType(condition)
  // An entity of an interface object may be known by its interface's name only.
  if (!isAbstractType(conditional)) return false
  return (isObjectType(type) || 'getInterfaces' in type) && schema.isSubType(conditional, type as never)
}
