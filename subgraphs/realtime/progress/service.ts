import type { Identity } from '../../../kernel/auth/identity.ts'
import { cancellable } from '../../../kernel/cancellation.ts'
import type { Batch } from '../feed/follower.ts'
import { startAfter } from '../feed/gap.ts'
import type { FeedParts } from '../feed/ports.ts'
import { placeOf } from '../feed/resumable.ts'
import type { StreamParts } from '../streams/ports.ts'
import { findSubject } from '../subjects/service.ts'
import type { SubjectOf } from '../subjects/subject.ts'
import { type EntityStream, entityStream } from './entity-stream.ts'
import { jobNews, lastJobTopics, lastRunTopics, progressTopics, runNews, runTopics } from './news.ts'
import { type JobProgress, merge, type PipelineProgress, type TrainingProgress } from './progress.ts'

/** The id to follow, and the cursor behind which to begin, else with the first event. */
interface Followed {
  readonly id: string
  readonly after?: string | null
}

/** The progress of a job. Throws NOT_FOUND, and INVALID_INPUT for what is no cursor. */
export async function followJob(parts: StreamParts, identity: Identity, { id, after }: Followed) {
  const start = await startAfter(parts.log, after, parts.log.origin)
  const subject = await findSubject(parts, identity, 'JOB', id)
  const stream = {
    subject,
    start,
    topics: progressTopics,
    lastTopics: lastJobTopics,
    slowReader: 'REREAD',
    remembered: place => ({
      ...rememberedOf(subject),
      ...place,
      jobId: id,
      metrics: [],
      points: [],
      secondsLeft: null,
    }),
  } satisfies Partial<EntityStream<TrainingProgress>>

  return parts.connections.track({ identity, field: 'trainingProgress', subject: id }, watch =>
    cancellable(signal => {
      const render = trainingUpdates(parts, subject, start.resumes)
      return entityStream<TrainingProgress>(parts, { ...stream, render, watch }, signal)
    }),
  )
}

/** All the events of a batch as one update: a slow reader gets fewer, with the same points. */
function trainingUpdates(parts: FeedParts, { id, state }: SubjectOf<'JOB'>, resumes: boolean) {
  const { totalSteps } = state
  let known: JobProgress = { status: resumes ? 'RUNNING' : 'QUEUED', step: 0, totalSteps, newest: new Map() }

  return ({ events, gap }: Batch): readonly TrainingProgress[] => {
    const { after, points } = merge(known, events.map(jobNews))
    known = after
    const { newest, ...progress } = after
    const metrics = Array.from(newest, ([name, value]) => ({ name, value }))
    const secondsLeft = progress.status === 'RUNNING' ? (newest.get('eta_seconds') ?? null) : null
    return [{ ...placeOf(parts, events.at(-1)!, gap), ...progress, jobId: id, secondsLeft, metrics, points }]
  }
}

/** The progress of a pipeline run, every change of it; otherwise as `followJob`. */
export async function followRun(parts: StreamParts, identity: Identity, { id, after }: Followed) {
  const start = await startAfter(parts.log, after, parts.log.origin)
  const subject = await findSubject(parts, identity, 'RUN', id)
  const stream = {
    subject,
    start,
    topics: runTopics,
    lastTopics: lastRunTopics,
    slowReader: 'GAP',
    render: ({ events, gap }) =>
      events.map((event, i) => {
        const { status, progress, steps } = runNews(event)
        return { ...placeOf(parts, event, i === 0 ? gap : null), runId: id, status, progress, steps }
      }),
    remembered: place => ({ ...rememberedOf(subject), ...place, runId: id }),
  } satisfies EntityStream<PipelineProgress>

  return parts.connections.track({ identity, field: 'pipelineProgress', subject: id }, watch =>
    cancellable(signal => entityStream<PipelineProgress>(parts, { ...stream, watch }, signal)),
  )
}

const rememberedOf = <Kind extends 'JOB' | 'RUN'>({ status, state, updatedAt }: SubjectOf<Kind>) => ({
  ...(state as SubjectOf<Kind>['state']),
  status,
  at: updatedAt,
})
