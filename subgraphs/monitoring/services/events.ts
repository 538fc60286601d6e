import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData, type Topic } from '../../../schema/events.ts'
import type { ServiceParts } from './ports.ts'
import { recordReport } from './service.ts'

export const serviceTopics = ['service.reported', 'service.left'] as const satisfies readonly Topic[]

/** Applies one event; the same one again changes nothing. */
export async function followService(parts: ServiceParts, { topic, at, data }: BusEvent): Promise<void> {
  switch (topic as (typeof serviceTopics)[number]) {
    case 'service.reported': {
      const { instance, startedAt, ...report } = eventData('service.reported', data)
      const times = { startedAt: new Date(startedAt), lastSeenAt: new Date(at) }
      return recordReport(parts, { ...report, ...times, id: instance })
    }
    case 'service.left':
      return parts.instances.forget(eventData('service.left', data).instance)
  }
}
