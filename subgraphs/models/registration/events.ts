import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData } from '../../../schema/events.ts'
import { handOver } from '../handoffs/events.ts'
import type { Handoffs } from '../handoffs/ports.ts'
import type { CompletedJob } from './ports.ts'
import { type RegistrationParts, registerVersion } from './service.ts'

export const consumedTopics = ['job.completed', 'sweep.completed'] as const

export const handleEvent =
  ({ handoffs, ...parts }: RegistrationParts & { readonly handoffs: Handoffs }) =>
  async ({ topic, project, at, data }: BusEvent): Promise<void> => {
    const job = madeBy(topic, data)
    if (!job) return
    const time = new Date(at)
    await handOver(handoffs, project, job, await registerVersion(parts, project, job, time), time)
  }

/** What becomes a version: of a sweep's trials only the best, which the sweep names at its end. */
function madeBy(topic: string, data: unknown): CompletedJob | null {
  if (topic === 'sweep.completed') return eventData(topic, data).job
  if (topic !== 'job.completed') return null
  const job = eventData(topic, data)
  return job.registers === false ? null : job
}
