import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData, type Topic } from '../../../schema/events.ts'
import type { JobParts } from './ports.ts'
import type { JobProgress } from './progress.ts'

export const jobTopics = [
  'job.queued',
  'job.started',
  'job.progressed',
  'job.paused',
  'job.resumed',
  'job.completed',
  'job.failed',
  'job.cancelled',
] as const satisfies readonly Topic[]

type JobTopic = (typeof jobTopics)[number]

/** Applies one event; repeated from any point on, the events of a job lead to the same state. */
export async function followJob({ jobs }: JobParts, { topic, key, project, at, data }: BusEvent): Promise<void> {
  await jobs.apply({ ...changeOf(topic as JobTopic, data), id: key, project, changedAt: new Date(at) })
}

function changeOf(topic: JobTopic, data: unknown): Partial<JobProgress> {
  switch (topic) {
    case 'job.queued': {
      const { totalSteps } = eventData(topic, data)
      return { status: 'QUEUED', totalSteps }
    }
    case 'job.started': {
      const { nodeId, step, totalSteps } = eventData(topic, data)
      return { status: 'RUNNING', nodeId, step, totalSteps, tokensPerSecond: null }
    }
    case 'job.progressed': {
      const { step, totalSteps, points } = eventData(topic, data)
      const speed = points.findLast(point => point.name === 'tokens_per_second')
      return { step, totalSteps, ...(speed && { tokensPerSecond: speed.value }) }
    }
    case 'job.paused':
      return { ...stepsOf(eventData(topic, data)), status: 'PAUSED' }
    case 'job.resumed':
      return { ...stepsOf(eventData(topic, data)), status: 'QUEUED' }
    case 'job.completed':
      return { ...stepsOf(eventData(topic, data)), status: 'COMPLETED' }
    case 'job.failed':
      return { ...stepsOf(eventData(topic, data)), status: 'FAILED' }
    case 'job.cancelled':
      return { ...stepsOf(eventData(topic, data)), status: 'CANCELLED' }
  }
}

const stepsOf = ({ step, totalSteps }: { step: number; totalSteps: number }) => ({ step, totalSteps })
