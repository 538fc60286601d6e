import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql'
import type { GatewayContext } from '../context.ts'
import type { CostCheck } from '../limits/cost.ts'
import type { Permissions } from './permissions.ts'

/** What an operation has to pass before anything of it is planned. */
export interface Checks {
  readonly permissions: Permissions
  readonly cost: CostCheck
}

type Execute<Result> = (args: ExecutionArgs) => Promise<Result>

/** Runs only what the caller may have of an operation; each field that was left out is null, with a FORBIDDEN error. */
export const guardedExecution =
  (checks: Checks, execute: Execute<ExecutionResult>): Execute<ExecutionResult> =>
  async args => {
    const { document, errors, refused } = decide(checks, args)
    if (refused) return { errors }
    const result = await execute({ ...args, document })
    return errors.length > 0 ? withErrors(result, errors) : result
  }

/** The same for the events of a subscription. */
export const guardedSubscription =
  (
    checks: Checks,
    subscribe: Execute<AsyncGenerator<ExecutionResult> | ExecutionResult>,
  ): Execute<AsyncIterable<ExecutionResult> | ExecutionResult> =>
  async args => {
    const { document, errors, refused } = decide(checks, args)
    if (refused) return { errors }
    const events = await subscribe({ ...args, document })
    if (errors.length === 0) return events
    return Symbol.asyncIterator in events ? eachWithErrors(events, errors) : withErrors(events, errors)
  }

interface Decision {
  readonly document: DocumentNode
  readonly errors: readonly GraphQLError[]
  /** Whether nothing may run. */
  readonly refused: boolean
}

function decide({ permissions, cost }: Checks, args: ExecutionArgs): Decision {
  const { document, operationName, contextValue } = args
  const variables = args.variableValues ?? {}
  const tooDear = cost(document, operationName, variables)
  if (tooDear) return { document, errors: [tooDear], refused: true }
  const { identity } = (contextValue as GatewayContext).scope!
  const permission = permissions.permit(document, operationName, identity)
  const errors = permission.errors(variables)
  return { document: permission.document, errors, refused: permission.isWhole && errors.length > 0 }
}

// Apollo's executor notes in `extensions` that what was left out is missing: the errors say it better.
const withErrors = ({ data, errors = [] }: ExecutionResult, added: readonly GraphQLError[]): ExecutionResult => ({
  data,
  errors: [...errors, ...added],
})

/** Leaving it leaves the source at once, also while that waits for an event. */
function eachWithErrors(
  events: AsyncGenerator<ExecutionResult>,
  errors: readonly GraphQLError[],
): AsyncGenerator<ExecutionResult> {
  const shown = async (next: Promise<IteratorResult<ExecutionResult>>) => {
    const { value, done } = await next
    return done ? { value, done } : { value: withErrors(value, errors), done: false as const }
  }
  return {
    next: () => shown(events.next()),
    return: value => events.return(value),
    throw: error => events.throw(error),
    [Symbol.asyncIterator]() {
      return this
    },
    [Symbol.asyncDispose]: () => events[Symbol.asyncDispose](),
  }
}
