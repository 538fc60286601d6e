import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData, type Topic } from '../../../schema/events.ts'
import type { JobStatus } from '../../../schema/values.ts'
import type { JobNews } from './progress.ts'

export const progressTopics = [
  'job.queued',
  'job.started',
  'job.progressed',
  'job.paused',
  'job.resumed',
  'job.completed',
  'job.failed',
  'job.cancelled',
] as const satisfies readonly Topic[]

export const lastJobTopics = ['job.completed', 'job.failed', 'job.cancelled'] as const satisfies readonly Topic[]

export const runTopics = ['run.started', 'run.progressed', 'run.finished'] as const satisfies readonly Topic[]

export const lastRunTopics = ['run.finished'] as const satisfies readonly Topic[]

type ProgressTopic = (typeof progressTopics)[number]
const nothing = { metrics: [], points: [] } as const

/** What an event of `progressTopics` tells about its job. */
export function jobNews({ topic, data }: Pick<BusEvent, 'topic' | 'data'>): JobNews {
  const news = (status: JobStatus | null, { step, totalSteps }: { step: number; totalSteps: number }): JobNews => ({
    ...nothing,
    status,
    step,
    totalSteps,
  })
  const name = topic as ProgressTopic
  switch (name) {
    case 'job.queued':
      return news('QUEUED', { step: 0, totalSteps: eventData(name, data).totalSteps })
    case 'job.started':
      return news('RUNNING', eventData(name, data))
    case 'job.progressed': {
      const progress = eventData(name, data)
      const points = progress.points.map(point => ({ ...point, at: new Date(point.at) }))
      return { ...news(null, progress), points }
    }
    case 'job.paused':
      return news('PAUSED', eventData(name, data))
    case 'job.resumed':
      return news('QUEUED', eventData(name, data))
    case 'job.completed': {
      const completed = eventData(name, data)
      return { ...news('COMPLETED', completed), metrics: completed.metrics }
    }
    case 'job.failed':
      return news('FAILED', eventData(name, data))
    case 'job.cancelled':
      return news('CANCELLED', eventData(name, data))
  }
}

export const runNews = ({ topic, data }: Pick<BusEvent, 'topic' | 'data'>) =>
  eventData(topic as (typeof runTopics)[number], data)
