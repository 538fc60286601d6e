import { setImmediate } from 'node:timers/promises'
import { type DocumentNode, type GraphQLSchema, validate } from 'graphql'
import type { YogaServerInstance } from 'graphql-yoga'
import { invalidInput } from '../../kernel/errors.ts'
import type { OperationParams } from '../../kernel/graphql-ws/operations.ts'
import { guardedExecution, guardedSubscription } from '../access/enforcement.ts'
import { openPermissions, type PermissionOptions } from '../access/permissions.ts'
import type { GatewayContext } from '../context.ts'
import { executor } from '../execution/execution.ts'
import { type HotDocument, openPlans } from '../execution/plans.ts'
import type { LoadedSupergraph } from '../execution/supergraph.ts'
import { openPlainAnswers, type PlainAnswers } from '../http/plain-answers.ts'
import { openYoga, type YogaParts } from '../http/yoga.ts'
import { openCostCheck } from '../limits/cost.ts'
import { hashIn } from '../limits/documents.ts'
import { timed } from '../metrics/timing.ts'
import { heldStreams } from '../subscriptions/event-streams.ts'
import type { Sessions } from '../subscriptions/sessions.ts'
import { type Subgraphs, subscriber } from '../subscriptions/subscriptions.ts'
import { liveSubscriptions } from './live-subscriptions.ts'

/** Operations of the edition before that are planned before this one takes its place; a plan takes some ms. */
const maxWarmed = 500

export interface EditionParts extends YogaParts {
  /** Whether callers need no key: then only loopback's own names are answered to. */
  readonly open: boolean
  /** The least role that may ask for the schema. */
  readonly introspection: PermissionOptions['introspection']
  /** What one operation may cost. */
  readonly maxCost: number
  /** How long a subscription waits for its lost subgraph, in ms. */
  readonly patience?: number
}

/** A supergraph, and all that is made of it to answer with. */
export interface Edition {
  readonly schema: GraphQLSchema
  readonly subgraphs: Subgraphs
  readonly yoga: YogaServerInstance<GatewayContext, object>
  readonly answerPlainly: PlainAnswers
  /** The document that an operation over WebSocket means; throws GraphQLError and DomainError. */
  documentOf(params: OperationParams): DocumentNode
  hot(): readonly HotDocument[]
  /** Plans what is asked for most, as far as it is still valid, without holding up what is being answered. */
  warm(hot: readonly HotDocument[]): Promise<void>
  /** Ends the subscriptions that another schema does not allow. */
  endInvalid(schema: GraphQLSchema): void
  /** Subscriptions that live on it. */
  subscriptions(): number
}

export function openEdition(
  parts: EditionParts,
  sessions: Sessions,
  supergraph: LoadedSupergraph,
  subgraphs: Subgraphs,
): Edition {
  const { metrics, patience } = parts
  const { schema } = supergraph
  const permissions = openPermissions(supergraph, parts)
  const checks = { permissions, cost: openCostCheck(supergraph, parts.maxCost) }
  const plans = openPlans(supergraph, permissions.asked, metrics)
  const live = liveSubscriptions()
  const execute = timed(guardedExecution(checks, executor(supergraph, plans, subgraphs)), metrics)
  const subscribed = guardedSubscription(checks, subscriber(supergraph, plans, subgraphs, { patience, metrics }))
  const subscribe = heldStreams(sessions, live.counted(subscribed as never))
  return {
    schema,
    subgraphs,
    yoga: openYoga(parts, { supergraph, plans, execute, subscribe }),
    answerPlainly: openPlainAnswers({ ...parts, schema, plans, execute }),
    // Whether the text of one may run is Yoga's to say; a hash has to become a text before it is known what it asks for.
    documentOf: ({ query, extensions }) =>
      plans.parse(query || (parts.documents.resolve(undefined, hashIn(extensions)) ?? '')),
    hot: plans.hot,
    async warm(hot) {
      for (const { source, operations } of hot.slice(0, maxWarmed)) {
        const document = plans.parse(source)
        if (validate(schema, document).length > 0) continue
        plans.noteValid(document)
        for (const operation of operations) plans.plan(document, operation || null)
        await setImmediate()
      }
    },
    endInvalid(next) {
      live.end(document => {
        const [problem] = validate(next, document)
        return (
          problem && invalidInput(`The graph has changed, and this subscription is no longer valid: ${problem.message}`)
        )
      })
    },
    subscriptions: live.count,
  }
}
