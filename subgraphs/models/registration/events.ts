import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData } from '../../../schema/events.ts'
import { registerVersion } from './service.ts'

/** The events that make this service act. */
export const consumedTopics = ['job.completed'] as const

export const handleEvent =
  (parts: Parameters<typeof registerVersion>[0]) =>
  ({ topic, project, at, data }: BusEvent): Promise<void> =>
    topic === 'job.completed'
      ? registerVersion(parts, project, eventData('job.completed', data), new Date(at))
      : Promise.resolve()
