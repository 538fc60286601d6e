import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData } from '../../../schema/events.ts'
import { handOver } from '../handoffs/events.ts'
import type { Handoffs } from '../handoffs/ports.ts'
import { type RegistrationParts, registerVersion } from './service.ts'

export const consumedTopics = ['job.completed'] as const

export const handleEvent =
  ({ handoffs, ...parts }: RegistrationParts & { readonly handoffs: Handoffs }) =>
  async ({ topic, project, at, data }: BusEvent): Promise<void> => {
    if (topic !== 'job.completed') return
    const job = eventData('job.completed', data)
    if (job.registers === false) return
    const time = new Date(at)
    await handOver(handoffs, project, job, await registerVersion(parts, project, job, time), time)
  }
