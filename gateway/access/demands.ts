import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  type GraphQLType,
  getDirectiveValues,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Requirement, Requirements } from './requirements.ts'

/** A field of an operation that not everybody may see. */
export interface GuardedField {
  readonly node: FieldNode
  /** Such as `TrainingJob.node`. */
  readonly coordinate: string
  readonly requirement: Requirement
  /** Where it stands in the answer first; "@" stands for every item of a list, as in Apollo's router. */
  readonly path: readonly string[]
  readonly isRoot: boolean
  /** @skip and @include on the way to it. */
  readonly conditions: readonly { readonly directives?: readonly DirectiveNode[] }[]
}

export interface Guarded {
  readonly operation: OperationDefinitionNode
  readonly fields: readonly GuardedField[]
  /** Whether it asks for the schema itself. */
  readonly introspects: boolean
}

/** Finds what an operation asks for that is guarded; each fragment is looked through once, wherever it is spread. */
export function findGuarded(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  schema: GraphQLSchema,
  requirements: Requirements,
): Guarded {
  const fragments = new Map(
    document.definitions.flatMap(node => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  )
  const spreads = new Map<string, number>()
  visit(document, { FragmentSpread: ({ name }) => void spreads.set(name.value, (spreads.get(name.value) ?? 0) + 1) })
  const visited = new Set<string>()
  const fields: GuardedField[] = []
  let introspects = false

  function walk(
    root: OperationDefinitionNode | FragmentDefinitionNode,
    prefix: readonly string[],
    outer: GuardedField['conditions'],
    isTop: boolean,
  ): void {
    const types = new TypeInfo(schema)
    const path = [...prefix]
    const conditions = [...outer]
    const added: number[] = []
    visit(
      root,
      visitWithTypeInfo(types, {
        Field: {
          enter(node) {
            const parent = types.getParentType()?.name ?? ''
            const name = node.name.value
            const before = path.length
            path.push(node.alias?.value ?? name)
            conditions.push(node)
            introspects ||= name === '__schema' || name === '__type'
            const requirement = requirements.of(parent, name)
            if (requirement) {
              const isRoot = isTop && before === prefix.length
              const coordinate = `${parent}.${name}`
              fields.push({ node, coordinate, requirement, path: [...path], isRoot, conditions: [...conditions] })
            }
            let type: GraphQLType | null | undefined = types.getType()
            while (isNonNullType(type) || isListType(type)) {
              if (isListType(type)) path.push('@')
              type = type.ofType
            }
            added.push(path.length - before)
          },
          leave() {
            path.length -= added.pop()!
            conditions.pop()
          },
        },
        InlineFragment: { enter: node => void conditions.push(node), leave: () => void conditions.pop() },
        FragmentSpread(node) {
          const fragment = fragments.get(node.name.value)
          if (!fragment || visited.has(node.name.value)) return
          visited.add(node.name.value)
          // Of several ways to a fragment, the one that is taken must not hide behind the one that is not.
          const isOnlyWay = spreads.get(node.name.value) === 1
          walk(fragment, path, isOnlyWay ? [...conditions, node] : [], isTop && path.length === 0)
        },
      }),
    )
  }
  walk(operation, [], [], true)
  return { operation, fields, introspects }
}

/** Whether the variables leave the field in. */
export const isAsked = ({ conditions }: GuardedField, variables: Readonly<Record<string, unknown>>): boolean =>
  conditions.every(
    node =>
      getDirectiveValues(GraphQLSkipDirective, node, variables)?.if !== true &&
      getDirectiveValues(GraphQLIncludeDirective, node, variables)?.if !== false,
  )

/** The document without these fields. A selection that is empty then asks for the name of the type, which says nothing. */
export function without(document: DocumentNode, denied: ReadonlySet<FieldNode>): DocumentNode {
  return visit(document, {
    Field: node => (denied.has(node) ? null : undefined),
    SelectionSet: {
      leave: (node): SelectionSetNode | undefined =>
        node.selections.length > 0 ? undefined : { ...node, selections: [typename] },
    },
  })
}

const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }
