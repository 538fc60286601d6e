import type { EventData } from '../../../schema/events.ts'
import { logSources } from '../../../schema/values.ts'
import { builder } from '../builder.ts'
import { afterText, cursorText, GapRef, gapText } from '../feed/schema.ts'
import { TrainingJob } from '../progress/schema.ts'
import { followLog, type JobLogged } from './service.ts'

const LogSource = builder.enumType('LogSource', {
  description: 'Who says it: the forge about the job, or its process on standard output or standard error.',
  values: logSources,
})

const LogLineRef = builder.objectRef<EventData<'job.logged'>['lines'][number]>('LogLine').implement({
  directives: { shareable: true },
  description: 'A line of the log of a job.',
  fields: t => ({
    number: t.exposeInt('number', { description: 'From 1, without a hole.' }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => new Date(at) }),
    attempt: t.exposeInt('attempt', { description: '0 before the first.' }),
    source: t.expose('source', { type: LogSource }),
    event: t.exposeString('event', {
      nullable: true,
      description: 'What a line of the forge is about, such as `started`, `checkpointed`, `lost`; null for output.',
    }),
    step: t.exposeInt('step', { nullable: true }),
    text: t.exposeString('text', { description: 'As it was printed, with control characters; 4,096 at most.' }),
  }),
})

const JobLoggedRef = builder.objectRef<JobLogged>('JobLogged').implement({
  description: 'What the log of a job has got since the event before.',
  fields: t => ({
    cursor: t.exposeString('cursor', { description: cursorText }),
    gap: t.expose('gap', { type: GapRef, nullable: true, description: gapText }),
    at: t.expose('at', { type: 'DateTime' }),
    job: t.field({ type: TrainingJob, nullable: true, resolve: ({ jobId }) => ({ id: jobId }) }),
    lines: t.expose('lines', { type: [LogLineRef], description: 'By number; the last event may have none.' }),
  }),
})

builder.subscriptionFields(t => ({
  jobLogs: t.field({
    type: JobLoggedRef,
    authScopes: { scope: 'training:read' },
    directives: { resumable: { cursor: 'cursor', slowReader: 'COALESCE', begins: 'FIRST_EVENT' } },
    description:
      'The log of a job from its first line, or the one behind `afterLine`, to its last, upon which the subscription completes. A slow reader gets fewer events with the same lines.',
    args: {
      jobId: t.arg.id({ required: true }),
      after: t.arg.string({ description: afterText }),
      afterLine: t.arg.int({ description: 'Only lines of a higher number.' }),
    },
    subscribe: (_, { jobId, after, afterLine }, context) =>
      followLog(context, context.identity, { id: jobId, after, afterLine }),
    resolve: logged => logged,
  }),
}))
