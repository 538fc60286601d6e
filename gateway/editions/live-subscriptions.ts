import type { DocumentNode, ExecutionArgs, ExecutionResult } from 'graphql'
import type { DomainError } from '../../kernel/errors.ts'
import { type Endable, type Events, endable } from '../subscriptions/endable.ts'

type Subscribe = (args: ExecutionArgs) => Promise<Events | ExecutionResult>

export interface LiveSubscriptions {
  count(): number
  /** Keeps account of what `subscribe` opens. */
  counted(subscribe: Subscribe): Subscribe
  /** Ends those for whose document there is a reason. */
  end(reasonFor: (document: DocumentNode) => DomainError | undefined): void
}

export function liveSubscriptions(): LiveSubscriptions {
  const live = new Map<Endable, DocumentNode>()
  return {
    count: () => live.size,
    counted: subscribe => async args => {
      const events = await subscribe(args)
      if (!(Symbol.asyncIterator in events)) return events
      const subscription: Endable = endable(events, () => live.delete(subscription))
      live.set(subscription, args.document)
      return subscription.events
    },
    end(reasonFor) {
      const reasons = new Map<DocumentNode, DomainError | undefined>()
      for (const [subscription, document] of live) {
        if (!reasons.has(document)) reasons.set(document, reasonFor(document))
        const reason = reasons.get(document)
        if (reason) subscription.end(reason)
      }
    },
  }
}
