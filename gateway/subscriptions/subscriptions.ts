import type { FetchNode, QueryPlan } from '@apollo/query-planner'
import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { Identity } from '../../kernel/auth/identity.ts'
import { cancellable } from '../../kernel/cancellation.ts'
import { enter } from '../../kernel/telemetry/spans.ts'
import type { GatewayContext, OperationScope } from '../context.ts'
import { planRunner, variableErrors } from '../execution/execution.ts'
import { type Answer, publicError } from '../execution/failures.ts'
import type { OperationPlan, Plans } from '../execution/plans.ts'
import type { Subgraph } from '../execution/subgraph.ts'
import type { LoadedSupergraph } from '../execution/supergraph.ts'
import { clientUntil } from '../http/client.ts'
import type { GatewayMetrics } from '../metrics/metrics.ts'
import type { Service } from '../plan/types.ts'
import { newRequestId } from '../request-id.ts'
import type { Entry } from './feed.ts'
import { readFeed } from './feed-reader.ts'
import { openFeeds } from './feeds.ts'
import { follow, lost, type Upstream } from './resumption.ts'
import { type Question, questionOf } from './subscription-question.ts'
import { sharedConnections } from './upstream-connection.ts'
import { type UpstreamOperation, upstreamOperation } from './upstream-operation.ts'

/** How long a lost subgraph is waited for before its subscriptions end with UNAVAILABLE, in ms. */
const defaultPatience = 120_000

export type Subgraphs = Readonly<Record<string, Subgraph>>

/** What all subscriptions of one operation have in common. */
interface Subscription {
  readonly plan: OperationPlan
  readonly primary: FetchNode
  readonly perEvent: QueryPlan
  readonly subgraph: Subgraph
  readonly operation: UpstreamOperation
  readonly question: Question
}

interface SubscriberOptions {
  /** How long a subscription waits for its lost subgraph, in ms. */
  readonly patience?: number
  readonly metrics?: Pick<GatewayMetrics, 'subscriptions' | 'feeds'>
}

/**
 * Executes subscriptions: the subgraph of the root field is subscribed to, and each of its events is run through the
 * plan, standing in for the first fetch, so that it joins fields of any other subgraph. What can be resumed is shared by
 * all who ask the same with the same rights.
 */
export function subscriber(
  supergraph: LoadedSupergraph,
  plans: Plans,
  subgraphs: Subgraphs,
  { patience = defaultPatience, metrics }: SubscriberOptions = {},
) {
  const runPlan = planRunner(supergraph)
  const known = new WeakMap<OperationPlan, Subscription>()
  const feeds = openFeeds()
  const connections = sharedConnections()

  return async (args: ExecutionArgs): Promise<AsyncGenerator<ExecutionResult> | ExecutionResult> => {
    const plan = plans.plan(args.document, args.operationName)
    const variables = args.variableValues ?? {}
    const errors = variableErrors(supergraph, plan, variables)
    if (errors) return { errors }

    const subscription = known.get(plan) ?? describe(plan)
    known.set(plan, subscription)
    const { subgraph, operation } = subscription
    const { scope: asking } = args.contextValue as GatewayContext
    const scope = asking!
    const after = operation.start(variables)

    /** The subscription of this client alone, with a connection of its own. */
    const replay = (from: string | undefined, signal: AbortSignal) =>
      entries(subscription, {
        subgraph,
        operation,
        variables,
        after: from,
        patience,
        scope: { ...scope, client: clientUntil(signal) },
      })

    if (!operation.isResumable) {
      return cancellable(async function* (signal) {
        using _counted = metrics?.subscriptions()
        for await (const { result } of replay(undefined, signal)) yield result
      })
    }
    return cancellable(async function* (signal) {
      const key = JSON.stringify([rightsOf(scope.identity), subscription.question(variables)])
      using held = feeds.hold(key, async (feed, closing) => {
        const identity = anybody(scope.identity)
        const requestId = newRequestId()
        const ofFeed = { ...scope, identity, requestId, traceparent: null, client: clientUntil(closing) }
        const shared = { connections, rights: rightsOf(identity) }
        const upstream = { subgraph, operation, variables, after: undefined, patience, scope: ofFeed, shared }
        // It outlives the request that it is opened for, and must not grow that one's trace.
        using _counted = metrics?.feeds()
        await enter({ name: 'feed', tracer: undefined, labels: { requestId } }, async () => {
          for await (const entry of entries(subscription, upstream)) feed.append(entry)
        })
      })
      using _counted = metrics?.subscriptions()
      yield* readFeed({ ...held, after, begins: operation.begins, replay, lost: lost(subgraph.name), signal })
    })
  }

  function describe(plan: OperationPlan): Subscription {
    const { primary, rest, perEvent } = splitPlan(plan.queryPlan)
    const operation = upstreamOperation(primary, supergraph.resumables)
    const question = questionOf(plan, operation, rest)
    return { plan, primary, perEvent, subgraph: subgraphs[primary.serviceName]!, operation, question }
  }

  async function* entries(subscription: Subscription, upstream: Upstream): AsyncGenerator<Entry> {
    const { plan, primary, perEvent, subgraph, operation } = subscription
    const { scope, variables } = upstream
    for await (const event of follow(upstream)) {
      // Execution changes the event.
      const cursor = operation.cursorOf(event)
      const services = { ...subgraphs, [subgraph.name]: answeredBy(event, primary, subgraph, scope) }
      yield { cursor, result: await runPlan(perEvent, plan, services, variables, scope) }
    }
  }
}

const rightsOf = ({ project, scopes }: Identity): string => JSON.stringify([project, scopes.toSorted()])

/** Somebody with these rights: what depends on who it is must not reach the others. */
const anybody = ({ project, scopes }: Identity): Identity => ({
  principal: 'service:gateway',
  name: 'all with the same rights',
  project,
  scopes,
})

function splitPlan({ node }: QueryPlan) {
  if (node?.kind !== 'Subscription') throw new Error(`The plan of a subscription is a ${node?.kind}`)
  const { primary, rest } = node
  const perEvent: QueryPlan = {
    kind: 'QueryPlan',
    node: { kind: 'Sequence', nodes: rest ? [primary, rest] : [primary] },
  }
  return { primary, rest, perEvent }
}

/** The subgraph, but with the event as its answer to the first fetch. Execution changes the event: it must be the subscriber's own. */
function answeredBy(event: ExecutionResult, primary: FetchNode, subgraph: Subgraph, scope: OperationScope): Service {
  const { data, errors } = event as Answer
  const answer = { data, errors: errors?.map(error => publicError(subgraph.name, error, scope)) }
  return {
    process: async options => (options.request.query === primary.operation ? answer : subgraph.process(options)),
  }
}
