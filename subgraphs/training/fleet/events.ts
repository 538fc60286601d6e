import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData } from '../../../schema/events.ts'
import type { Fleet } from './ports.ts'

export const nodeTopics = ['node.reported'] as const

/** Machines report what they have to give. */
export const handleNode = (fleet: Fleet) => async (event: BusEvent) => {
  const {
    nodeId,
    memoryBytes,
    jobMemoryBytes = memoryBytes,
    slots,
    labels = [],
  } = eventData('node.reported', event.data)
  await fleet.see(nodeId, { labels, total: { slots, memoryBytes: jobMemoryBytes } })
}
