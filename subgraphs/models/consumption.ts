import type { BusEvent } from '../../kernel/bus/bus.ts'
import * as chats from './chats/events.ts'
import * as handoffs from './handoffs/events.ts'
import * as histories from './histories/events.ts'
import type { storedParts } from './parts.ts'
import * as purging from './purging/events.ts'
import * as registration from './registration/events.ts'
import * as retention from './retention/events.ts'

/** One consumer for all rooms: what is known of a job comes before its version, and that before its handoff. */
export const consumedTopics = [
  ...histories.consumedTopics,
  ...registration.consumedTopics,
  ...handoffs.consumedTopics,
  ...retention.consumedTopics,
  ...chats.consumedTopics,
  ...purging.consumedTopics,
]

export function handleEvent(parts: ReturnType<typeof storedParts>): (event: BusEvent) => Promise<void> {
  // It acts for nobody: what it may do stands in the rules of each model.
  const identity = { principal: 'service:models', name: 'models', project: '*', scopes: [] }
  const handlers = [
    histories.handleEvent(parts.histories),
    registration.handleEvent(parts),
    handoffs.handleEvent(parts.handoffs),
    retention.handleEvent({ ...parts, identity }),
    chats.handleEvent(parts.chats),
    purging.handleEvent(parts.purges),
  ]
  return async event => {
    for (const handle of handlers) await handle(event)
  }
}
