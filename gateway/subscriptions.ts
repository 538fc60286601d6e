import type { GraphQLDataSource } from '@apollo/gateway/dist/datasources/types.js'
import type { FetchNode, QueryPlan } from '@apollo/query-planner'
import type { ExecutionArgs, ExecutionResult } from 'graphql'
import { cancellable } from '../kernel/cancellation.ts'
import type { GatewayContext, OperationScope } from './context.ts'
import { planRunner, variableErrors } from './execution.ts'
import { publicError } from './failures.ts'
import type { Plans } from './plans.ts'
import type { Answer } from './representations.ts'
import { follow } from './resumption.ts'
import type { Subgraph } from './subgraph.ts'
import type { LoadedSupergraph } from './supergraph.ts'
import { upstreamOperation } from './upstream-operation.ts'

/** How long a lost subgraph is waited for before its subscriptions end with UNAVAILABLE, in ms. */
const defaultPatience = 120_000

export type Subgraphs = Readonly<Record<string, Subgraph>>

/**
 * Executes subscriptions: the subgraph of the root field is subscribed to, and each of its events is run through the
 * plan, standing in for the first fetch, so that it joins fields of any other subgraph.
 */
export function subscriber(
  supergraph: LoadedSupergraph,
  plans: Plans,
  subgraphs: Subgraphs,
  patience = defaultPatience,
) {
  const runPlan = planRunner(supergraph)

  return async (args: ExecutionArgs): Promise<AsyncGenerator<ExecutionResult> | ExecutionResult> => {
    const plan = plans.plan(args.document, args.operationName)
    const variables = args.variableValues ?? {}
    const errors = variableErrors(supergraph, plan, variables)
    if (errors) return { errors }

    const { primary, perEvent } = splitPlan(plan.queryPlan)
    const operation = upstreamOperation(primary, supergraph.cursors)
    const subgraph = subgraphs[primary.serviceName]!
    const { scope } = args.contextValue as GatewayContext

    return cancellable(async function* (signal) {
      const ofStream = { ...scope!, signal }
      for await (const event of follow({ subgraph, operation, variables, scope: ofStream, patience })) {
        const services = { ...subgraphs, [subgraph.name]: answeredBy(event, primary, subgraph, ofStream) }
        yield await runPlan(perEvent, plan, services, variables, ofStream)
      }
    })
  }
}

function splitPlan({ node }: QueryPlan): { primary: FetchNode; perEvent: QueryPlan } {
  if (node?.kind !== 'Subscription') throw new Error(`The plan of a subscription is a ${node?.kind}`)
  const { primary, rest } = node
  return {
    primary,
    perEvent: { kind: 'QueryPlan', node: { kind: 'Sequence', nodes: rest ? [primary, rest] : [primary] } },
  }
}

/** The subgraph, but with the event as its answer to the first fetch. Execution changes the event: it must be the subscriber's own. */
function answeredBy(
  event: ExecutionResult,
  primary: FetchNode,
  subgraph: Subgraph,
  scope: OperationScope,
): GraphQLDataSource {
  const { data, errors } = event as Answer
  const answer = { data, errors: errors?.map(error => publicError(subgraph.name, error, scope)) }
  return {
    process: async options =>
      options.request.query === primary.operation ? (answer as never) : subgraph.process(options),
  }
}
