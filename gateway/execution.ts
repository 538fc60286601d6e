import { executeQueryPlan, type ServiceMap } from '@apollo/gateway/dist/executeQueryPlan.js'
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
import { maskError } from '../kernel/masking.ts'
import type { GatewayContext, OperationScope } from './context.ts'
import type { OperationPlan, Plans } from './plans.ts'
import type { LoadedSupergraph } from './supergraph.ts'
import { unfitVariable } from './variable-limits.ts'

export type Variables = Readonly<Record<string, unknown>>

/** Runs a plan (the operation's own, or that of one event) against the given services. */
export type RunPlan = (
  queryPlan: QueryPlan,
  plan: OperationPlan,
  services: ServiceMap,
  variables: Variables,
  scope: OperationScope,
) => Promise<ExecutionResult>

export const planRunner =
  ({ api, full }: LoadedSupergraph): RunPlan =>
  async (queryPlan, plan, services, variables, scope) => {
    // `metrics` must be there: the executor notes error paths in it.
    const request = { request: { variables }, context: scope, metrics: {}, logger: scope.log }
    const result = await executeQueryPlan(queryPlan, services, request as never, plan.operation, full, api)
    return { ...result, errors: result.errors?.map(error => shownError(error, scope)) } as ExecutionResult
  }

/** Executes queries and mutations. */
export function executor(supergraph: LoadedSupergraph, plans: Plans, services: ServiceMap) {
  const runPlan = planRunner(supergraph)
  return async (args: ExecutionArgs): Promise<ExecutionResult> => {
    const plan = plans.plan(args.document, args.operationName)
    if (isIntrospection(plan.operation.operation)) return introspect(args)
    const errors = variableErrors(supergraph, plan, args.variableValues)
    if (errors) return { errors }
    const { scope } = args.contextValue as GatewayContext
    return runPlan(plan.queryPlan, plan, services, args.variableValues ?? {}, scope!)
  }
}

/** What is wrong with the variables, before any of them reaches a subgraph. */
export function variableErrors(
  { schema }: LoadedSupergraph,
  { operation }: OperationPlan,
  variables: ExecutionArgs['variableValues'],
): readonly GraphQLError[] | undefined {
  const unfit = unfitVariable(variables ?? {})
  if (unfit) return [unfit]
  return getVariableValues(schema, operation.operation.variableDefinitions ?? [], variables ?? {}, { maxErrors: 10 })
    .errors
}

const isIntrospection = ({ operation, selectionSet }: OperationDefinitionNode): boolean =>
  operation === 'query' &&
  selectionSet.selections.every(node => node.kind === Kind.FIELD && node.name.value.startsWith('__'))

// A subgraph's error was made public where it arrived; the executor only added the place in the whole answer.
function shownError(error: GraphQLError, scope: OperationScope): GraphQLError {
  const { serviceName, ...extensions } = error.extensions ?? {}
  if (serviceName === undefined || extensions.service === undefined) return maskError(error, scope.log)
  return new GraphQLError(error.message, { path: error.path, extensions })
}
