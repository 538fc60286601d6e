import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData } from '../../../schema/events.ts'
import type { Fleet } from './ports.ts'

export const nodeTopics = ['node.reported'] as const

/** Machines report their memory. */
export const handleNode = (fleet: Fleet) => async (event: BusEvent) => {
  const { nodeId, memoryBytes } = eventData('node.reported', event.data)
  await fleet.see(nodeId, memoryBytes)
}
