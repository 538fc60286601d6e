import type { FetchNode } from '@apollo/query-planner'
import {
  type ASTNode,
  type ExecutionResult,
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  valueFromASTUntyped,
  visit,
} from 'graphql'
import type { Variables } from '../execution/execution.ts'
import type { Resumable } from '../execution/supergraph.ts'

/** The operation that the gateway sends to the subgraph of a subscription. */
export interface UpstreamOperation {
  /** Whether `after` and a cursor let it go on where it was. */
  readonly isResumable: boolean
  readonly begins: Resumable['begins']
  /** The client's variable that `after` is, when it is one. */
  readonly startVariable: string | undefined
  /** What to send: the client's variables, and the place to go on from. */
  payload(variables: Variables, after: string | undefined): { query: string; variables: Record<string, unknown> }
  /** The client's own `after`. */
  start(variables: Variables): string | undefined
  /** Where the stream stands after this event; undefined when it cannot be resumed. */
  cursorOf(event: ExecutionResult): string | undefined
}

/**
 * Makes the upstream operation ask for the cursor under an alias of its own, whether the client does or not, and take
 * `after` from a variable of its own, so that a lost subscription goes on where it was.
 */
export function upstreamOperation(primary: FetchNode, resumables: ReadonlyMap<string, Resumable>): UpstreamOperation {
  const document = parse(primary.operation)
  const operation = document.definitions.find(node => node.kind === Kind.OPERATION_DEFINITION)!
  const field = operation.selectionSet.selections.find(node => node.kind === Kind.FIELD)
  const resumable = field && resumables.get(field.name.value)
  if (!resumable) {
    return {
      isResumable: false,
      begins: undefined,
      startVariable: undefined,
      payload: variables => ({ query: primary.operation, variables: pick(variables, primary.variableUsages ?? []) }),
      start: () => undefined,
      cursorOf: () => undefined,
    }
  }

  const alias = unusedName(primary.operation, 'resumeCursor')
  const variable = unusedName(primary.operation, 'resumeAfter')
  const resumed = withVariable(
    withCursor(operation, field, { cursor: resumable.cursor, alias, variable }),
    document.definitions,
    variable,
  )
  const definitions = document.definitions.map(node => (node === operation ? resumed : node))
  const query = print({ kind: Kind.DOCUMENT, definitions })
  const names = (resumed.variableDefinitions ?? []).map(node => node.variable.name.value)
  const responseName = field.alias?.value ?? field.name.value
  const given = field.arguments?.find(argument => argument.name.value === 'after')?.value
  return {
    isResumable: true,
    begins: resumable.begins,
    startVariable: given?.kind === Kind.VARIABLE ? given.name.value : undefined,
    payload: (variables, after) => ({ query, variables: pick({ ...variables, [variable]: after }, names) }),
    start: variables => (given && (valueFromASTUntyped(given, variables) as string | null)) ?? undefined,
    cursorOf: ({ data }) => (data?.[responseName] as Record<string, string> | null | undefined)?.[alias],
  }
}

const pick = (variables: Variables, names: readonly string[]) =>
  Object.fromEntries(names.filter(name => variables[name] !== undefined).map(name => [name, variables[name]]))

function unusedName(operation: string, wanted: string): string {
  return operation.includes(wanted) ? unusedName(operation, `${wanted}_`) : wanted
}

const name = (value: string) => ({ kind: Kind.NAME, value }) as const
const variableNode = (value: string) => ({ kind: Kind.VARIABLE, name: name(value) }) as const

function withCursor(
  operation: OperationDefinitionNode,
  field: FieldNode,
  { cursor, alias, variable }: { cursor: string; alias: string; variable: string },
): OperationDefinitionNode {
  const others = field.arguments?.filter(argument => argument.name.value !== 'after') ?? []
  const selected = field.selectionSet?.selections ?? []
  const resumed: FieldNode = {
    ...field,
    arguments: [...others, { kind: Kind.ARGUMENT, name: name('after'), value: variableNode(variable) }],
    selectionSet: {
      kind: Kind.SELECTION_SET,
      selections: [...selected, { kind: Kind.FIELD, alias: name(alias), name: name(cursor) }],
    },
  }
  return { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections: [resumed] } }
}

/** Defines the new variable, and drops the client's for `after`, whose only use may just have gone. */
function withVariable(
  operation: OperationDefinitionNode,
  definitions: readonly ASTNode[],
  variable: string,
): OperationDefinitionNode {
  const used = new Set<string>()
  const fragments = definitions.filter(node => node.kind === Kind.FRAGMENT_DEFINITION)
  for (const node of [operation.selectionSet, ...fragments])
    visit(node, { Variable: ({ name }) => void used.add(name.value) })
  return {
    ...operation,
    variableDefinitions: [
      ...(operation.variableDefinitions ?? []).filter(node => used.has(node.variable.name.value)),
      {
        kind: Kind.VARIABLE_DEFINITION,
        variable: variableNode(variable),
        type: { kind: Kind.NAMED_TYPE, name: name('String') },
      },
    ],
  }
}
