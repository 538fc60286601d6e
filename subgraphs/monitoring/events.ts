import type { BusEvent } from '../../kernel/bus/bus.ts'
import { followNode, nodeTopics } from './fleet/events.ts'
import type { FleetParts } from './fleet/ports.ts'
import { followJob, jobTopics } from './jobs/events.ts'
import type { JobParts } from './jobs/ports.ts'
import { followService, serviceTopics } from './services/events.ts'
import type { ServiceParts } from './services/ports.ts'

/** Everything that monitoring listens to. */
export const followed: readonly string[] = [...serviceTopics, ...nodeTopics, ...jobTopics]

/** Hands an event to the room whose it is. */
export function followEvent(parts: ServiceParts & FleetParts & JobParts, event: BusEvent): Promise<void> {
  const room = event.topic.split('.', 1)[0]
  if (room === 'service') return followService(parts, event)
  return room === 'node' ? followNode(parts, event) : followJob(parts, event)
}
