import type { QueryPlan } from '@apollo/query-planner'
import {
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  getVariableValues,
  execute as introspect,
  Kind,
  type OperationDefinitionNode,
} from 'graphql'
import type { GatewayContext, OperationScope } from '../context.ts'
import { unfitVariable } from '../limits/variable-limits.ts'
import { type CompiledPlan, compilePlan } from '../plan/compiled-plan.ts'
import type { PlacedError, Service } from '../plan/types.ts'
import { typeTest } from '../plan/types-of.ts'
import type { OperationPlan, Plans } from './plans.ts'
import type { LoadedSupergraph } from './supergraph.ts'

export type Variables = Readonly<Record<string, unknown>>

/** Runs a plan (the operation's own, or that of one event) against the given services. */
export type RunPlan = (
  queryPlan: QueryPlan,
  plan: OperationPlan,
  services: Readonly<Record<string, Service>>,
  variables: Variables,
  scope: OperationScope,
) => Promise<ExecutionResult>

export function planRunner(supergraph: LoadedSupergraph): RunPlan {
  const { schema, full } = supergraph
  const isOfType = typeTest(full)
  const compiled = new WeakMap<QueryPlan, CompiledPlan>()

  return async (queryPlan, plan, services, variables, scope) => {
    const { errors: wrong, coerced } = coerceVariables(supergraph, plan, variables)
    if (wrong) return { errors: wrong }
    const known = compiled.get(queryPlan) ?? compilePlan(queryPlan, { ...plan.operation, schema, isOfType })
    compiled.set(queryPlan, known)
    const { data, errors } = await known.run({ services, scope, variables, coerced })
    return errors.length > 0 ? { data, errors: errors.map(error => shownError(error, scope)) } : { data }
  }
}

/** Executes queries and mutations. */
export function executor(supergraph: LoadedSupergraph, plans: Plans, services: Readonly<Record<string, Service>>) {
  const runPlan = planRunner(supergraph)
  return async (args: ExecutionArgs): Promise<ExecutionResult> => {
    const plan = plans.plan(args.document, args.operationName)
    if (isIntrospection(plan.operation.operation)) return introspect(args)
    const { scope } = args.contextValue as GatewayContext
    return runPlan(plan.queryPlan, plan, services, args.variableValues ?? {}, scope!)
  }
}

/** What is wrong with the variables, before any of them reaches a subgraph. */
export const variableErrors = (
  supergraph: LoadedSupergraph,
  plan: OperationPlan,
  variables: ExecutionArgs['variableValues'],
): readonly GraphQLError[] | undefined => coerceVariables(supergraph, plan, variables ?? {}).errors

function coerceVariables({ schema }: LoadedSupergraph, { operation }: OperationPlan, variables: Variables) {
  const unfit = unfitVariable(variables)
  if (unfit) return { errors: [unfit] }
  return getVariableValues(schema, operation.operation.variableDefinitions ?? [], variables, { maxErrors: 10 })
}

const isIntrospection = ({ operation, selectionSet }: OperationDefinitionNode): boolean =>
  operation === 'query' &&
  selectionSet.selections.every(node => node.kind === Kind.FIELD && node.name.value.startsWith('__'))

// A subgraph's error was made public where it arrived. What has no service is an answer that broke the schema.
function shownError({ message, path, extensions }: PlacedError, { log }: OperationScope): GraphQLError {
  if (extensions?.service === undefined) log.error({ message, path }, 'a subgraph broke the schema')
  return new GraphQLError(message, { path, extensions })
}
