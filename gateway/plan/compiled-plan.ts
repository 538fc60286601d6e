import type { QueryPlan } from '@apollo/query-planner'
import {
  type DocumentNode,
  execute,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql'
import { LRUCache } from 'lru-cache'
import { completeAnswer } from './completion.ts'
import { type Shape, shapeOf } from './shape.ts'
import { stepsOf } from './steps.ts'
import type { Json, PlacedError, Run } from './types.ts'
import type { IsOfType } from './types-of.ts'

/** Shapes of one operation that are kept: one for each set of values of the variables in @skip and @include. */
const maxShapes = 16

export interface CompiledPlan {
  run(parts: Pick<Run, 'services' | 'scope' | 'variables' | 'coerced'>): Promise<PlanResult>
}

export interface PlanResult {
  readonly data: Json | null
  /** What the services said, or, where they said nothing, what was wrong with their answers. */
  readonly errors: readonly PlacedError[]
}

export interface PlannedOperation {
  readonly operation: OperationDefinitionNode
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  /** What clients see. */
  readonly schema: GraphQLSchema
  readonly isOfType: IsOfType
}

/** Prepares what is the same at every run of a plan. */
export function compilePlan({ node }: QueryPlan, planned: PlannedOperation): CompiledPlan {
  if (node?.kind === 'Subscription') throw new Error('The plan of one event is none of a subscription')
  const { operation, fragments, schema, isOfType } = planned
  const steps = node && stepsOf(node, isOfType)
  const rootType = schema.getRootType(operation.operation)!
  const conditions = conditionVariables(operation, fragments)
  const shapes = new LRUCache<string, Shape>({ max: maxShapes })

  function shapeFor(variables: Readonly<Json>): Shape {
    const key = conditions.map(name => variables[name]).join()
    const known = shapes.get(key)
    if (known) return known
    const shape = shapeOf({ schema, fragments, variables }, rootType, [operation.selectionSet])
    shapes.set(key, shape)
    return shape
  }

  return {
    async run({ services, scope, variables, coerced }) {
      const run: Run = { services, scope, variables, coerced, data: {}, errors: [], shared: new Map() }
      await steps?.(run)
      const shape = shapeFor(coerced)
      const { data, errors } = completeAnswer(shape, run.data, introspect(shape, planned, variables))
      return { data, errors: run.errors.length > 0 ? run.errors : errors }
    },
  }
}

function conditionVariables(
  operation: OperationDefinitionNode,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
): readonly string[] {
  const names = new Set<string>()
  for (const node of [operation, ...Object.values(fragments)]) {
    visit(node, {
      Directive: ({ name, arguments: given }) => {
        if (name.value !== 'skip' && name.value !== 'include') return
        for (const { value } of given ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value)
      },
    })
  }
  return [...names]
}

/** Answers `__schema` and `__type` beside other fields; no subgraph knows the whole schema. */
function introspect(shape: Shape, { operation, fragments, schema }: PlannedOperation, variables: Readonly<Json>): Json {
  const fields = shape.fields.filter(({ name }) => name === '__schema' || name === '__type')
  if (fields.length === 0) return {}
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [
      {
        ...operation,
        selectionSet: { kind: Kind.SELECTION_SET, selections: fields.flatMap(({ nodes }) => nodes) },
      },
      ...Object.values(fragments),
    ],
  }
  const { data, errors } = execute({ schema, document, variableValues: variables }) as {
    data: Json | null
    errors?: readonly GraphQLError[]
  }
  if (errors || !data) throw errors?.[0] ?? new GraphQLError('The schema could not be asked about')
  return data
}
