import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData, type Topic } from '../../../schema/events.ts'
import type { FleetParts } from './ports.ts'

export const nodeTopics = ['node.reported', 'node.left'] as const satisfies readonly Topic[]

/** Applies one event; the same one again changes nothing. */
export async function followNode({ fleet }: FleetParts, { topic, at, data }: BusEvent): Promise<void> {
  switch (topic as (typeof nodeTopics)[number]) {
    case 'node.reported': {
      // What only the scheduler asks for is training's to keep.
      const { nodeId, jobIds, jobMemoryBytes: _, labels: _labels, ...report } = eventData('node.reported', data)
      return fleet.save({ ...report, id: nodeId, slotsUsed: jobIds.length, lastSeenAt: new Date(at), leftAt: null })
    }
    case 'node.left':
      return fleet.markLeft(eventData('node.left', data).nodeId, new Date(at))
  }
}
