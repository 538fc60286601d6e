import { logSources } from '../../../schema/values.ts'
import { builder, TrainingJobRef } from '../builder.ts'
import type { LogLine } from './line.ts'
import type { JobLog } from './ports.ts'
import { readLog } from './service.ts'

const LogSource = builder.enumType('LogSource', {
  description: 'Who says it: the forge about the job, or its process on standard output or standard error.',
  values: logSources,
})

const LogLineRef = builder.objectRef<LogLine>('LogLine').implement({
  directives: { shareable: true },
  description: 'A line of the log of a job.',
  fields: t => ({
    number: t.exposeInt('number', { description: 'From 1, without a hole.' }),
    at: t.expose('at', { type: 'DateTime' }),
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

const JobLogRef = builder.objectRef<JobLog>('JobLog').implement({
  description: 'A stretch of the log of a job.',
  fields: t => ({
    total: t.exposeInt('total', { description: 'Lines so far.' }),
    lines: t.expose('lines', { type: [LogLineRef], description: 'By number.' }),
  }),
})

builder.objectField(TrainingJobRef, 'log', t =>
  t.field({
    type: JobLogRef,
    description: 'What the job and its process have said; of 100,000 lines and 16 MiB on, output is left out.',
    args: {
      after: t.arg.int({ description: 'Only lines of a higher number.' }),
      first: t.arg.int({ description: '500 where absent, 5,000 at most.' }),
      tail: t.arg.int({ description: 'Instead: so many from the end.' }),
    },
    resolve: ({ id }, asked, context) => readLog(context, id, asked),
  }),
)
