import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData, type Topic } from '../../../schema/events.ts'
import type { Subject, SubjectKind } from './subject.ts'

/** What changes the status of a job. Progress does not: it would write ten times a second to say nothing new. */
const jobChanges = {
  'job.queued': 'QUEUED',
  'job.started': 'RUNNING',
  'job.paused': 'PAUSED',
  'job.resumed': 'QUEUED',
  'job.completed': 'COMPLETED',
  'job.failed': 'FAILED',
  'job.cancelled': 'CANCELLED',
} as const

type JobTopic = keyof typeof jobChanges
const jobTopics = Object.keys(jobChanges) as readonly JobTopic[]
const runTopics = ['run.started', 'run.progressed', 'run.finished'] as const satisfies readonly Topic[]

/** The events by which a subject of a kind is known. */
export const topicsOf: Readonly<Record<SubjectKind, readonly Topic[]>> = { JOB: jobTopics, RUN: runTopics }
export const subjectTopics: readonly Topic[] = [...jobTopics, ...runTopics]

/** The subject as it is after the event. */
export function subjectAfter({ topic, key, project, at, data }: BusEvent): Subject {
  const known = { id: key, project, updatedAt: new Date(at) }
  if (topic in jobChanges) {
    const { totalSteps, ...job } = eventData(topic as JobTopic, data)
    const state = { step: 'step' in job ? job.step : 0, totalSteps }
    return { ...known, kind: 'JOB', status: jobChanges[topic as JobTopic], state }
  }
  const { status, progress, steps } = eventData(topic as (typeof runTopics)[number], data)
  return { ...known, kind: 'RUN', status, state: { progress, steps } }
}
