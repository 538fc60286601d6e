import { builder, TrainingJobRef } from '../builder.ts'
import { prioritizeJob } from '../jobs/service.ts'
import { listWaiting, type Waiting } from './service.ts'

builder.objectFields(TrainingJobRef, t => ({
  requirements: t.stringList({
    description: 'Labels that a machine must have to run it.',
    resolve: ({ requirements }) => requirements,
  }),
  slots: t.exposeInt('slots', { description: 'How many of a machine’s slots it takes.' }),
  memoryBytes: t.exposeFloat('memoryBytes', { description: 'About how much memory it takes at its peak.' }),
  retries: t.exposeInt('retries', {
    description: 'Attempts that may be lost between two checkpoints without the job being given up.',
  }),
  lostAttempts: t.exposeInt('crashes', {
    description: 'Attempts that were lost since the last checkpoint, with their process or with their worker.',
  }),
  queuedAt: t.expose('queuedAt', { type: 'DateTime', description: 'Since when it waits, or waited, for its turn.' }),
  notBefore: t.expose('notBefore', {
    type: 'DateTime',
    nullable: true,
    description: 'When it is tried again after a lost attempt.',
  }),
}))

const QueuedJob = builder.objectRef<Waiting>('QueuedJob').implement({
  authScopes: { scope: 'training:read' },
  description: 'A job that waits for its turn.',
  fields: t => ({
    position: t.exposeInt('position', { description: 'From 1, among the jobs of all projects.' }),
    waitsFor: t.exposeString('waitsFor', { description: 'What must happen before it can begin.' }),
    job: t.field({ type: TrainingJobRef, resolve: ({ job }) => job }),
  }),
})

builder.queryField('trainingQueue', t =>
  t.field({
    type: [QueuedJob],
    nullable: true,
    authScopes: { scope: 'training:read' },
    description: `The jobs that wait, whose turn is next first. Turns follow from priority, from what a project has
running and queued already, and from the time waited: whoever waits long enough is first.`,
    args: { first: t.arg.int({ required: true, defaultValue: 100, description: 'At most 500.' }) },
    resolve: (_, { first }, context) => listWaiting(context, context.identity, first),
  }),
)

builder.mutationField('prioritizeJob', t =>
  t.field({
    type: TrainingJobRef,
    authScopes: { scope: 'training:write' },
    description: 'Moves a job in the line: at once while it waits, for the next time when it runs or is paused.',
    args: {
      id: t.arg.id({ required: true }),
      priority: t.arg.int({ required: true, description: 'From 0, the most urgent, to 1000.' }),
    },
    resolve: (_, { id, priority }, context) => prioritizeJob(context, context.identity, id, priority),
  }),
)
