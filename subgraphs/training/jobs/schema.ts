import { resolveCursorConnection } from '@pothos/plugin-relay'
import { pageSize } from '../../../kernel/federation.ts'
import { stopReasons } from '../../../schema/values.ts'
import { builder, JobErrorRef, JobStatus, Phase, Preset, TrainingJobRef } from '../builder.ts'
import type { Page } from '../page.ts'
import { jobNotFound } from './errors.ts'
import { progressOf, type TrainingJob } from './job.ts'
import { cancelJob, findJob, listJobs, pauseJob, resumeJob, retryJob } from './service.ts'

JobErrorRef.implement({
  description: 'Why a job failed.',
  fields: t => ({
    code: t.exposeString('code', { description: 'As `extensions.code` of an error, or DIVERGED.' }),
    message: t.exposeString('message'),
  }),
})

const StopReasonRef = builder.enumType('StopReason', {
  description: 'Why a job ended before its last step without having failed.',
  values: stopReasons,
})

builder.asEntity(TrainingJobRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, context) => findJob(context, context.identity, id),
})

TrainingJobRef.implement({
  authScopes: { scope: 'training:read' },
  description: 'One training, from the request to the model that it makes.',
  fields: t => ({
    id: t.exposeID('id'),
    project: t.exposeString('project'),
    phase: t.expose('phase', { type: Phase }),
    status: t.expose('status', { type: JobStatus }),
    modelName: t.exposeString('modelName', { description: 'The model that gets a version when the job is done.' }),
    preset: t.expose('preset', { type: Preset, nullable: true, description: 'Null where sizes were given instead.' }),
    step: t.exposeInt('step', { description: 'Steps whose metrics are stored; it never goes back.' }),
    totalSteps: t.exposeInt('totalSteps'),
    progress: t.float({ description: 'From 0 to 1.', resolve: progressOf }),
    seed: t.exposeInt('seed', { description: 'The same seed, data and executor give the same losses, bit for bit.' }),
    config: t.field({
      type: 'JSON',
      description: 'Every setting, defaults filled in.',
      resolve: ({ config }) => config,
    }),
    datasetFingerprint: t.exposeString('datasetFingerprint', { description: 'Digest of the text trained on.' }),
    executor: t.exposeString('executor', { nullable: true, description: 'What computes it, once it has started.' }),
    priority: t.exposeInt('priority', { description: '0 is the most urgent.' }),
    labels: t.stringList({ resolve: ({ labels }) => labels }),
    attempts: t.exposeInt('attempts', { description: 'Times that a worker has taken it.' }),
    error: t.field({ type: JobErrorRef, nullable: true, resolve: ({ error }) => error }),
    stopReason: t.expose('stopReason', {
      type: StopReasonRef,
      nullable: true,
      description: 'Null for a job that made all its steps, or did not complete.',
    }),
    weightsDigest: t.exposeString('weightsDigest', {
      nullable: true,
      description:
        'Digest of the weights that it made: equal weights have equal digests. The bytes are kept where they became a version.',
    }),
    runId: t.exposeID('runId', { nullable: true, description: 'The pipeline run that it is a step of.' }),
    stepName: t.exposeString('stepName', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
  }),
})

const JobFilterInput = builder.inputType('JobFilter', {
  fields: t => ({
    status: t.field({ type: [JobStatus] }),
    phase: t.field({ type: [Phase] }),
    modelName: t.string(),
    runId: t.id(),
    label: t.string(),
  }),
})

builder.queryFields(t => ({
  job: t.field({
    type: TrainingJobRef,
    nullable: true,
    authScopes: { scope: 'training:read' },
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, context) => {
      const job = await findJob(context, context.identity, id)
      if (!job) throw jobNotFound(id)
      return job
    },
  }),
  jobs: t.connection(
    {
      type: TrainingJobRef,
      nullable: true,
      authScopes: { scope: 'training:read' },
      description: 'Newest first.',
      args: { filter: t.arg({ type: JobFilterInput }) },
      resolve: (_, { filter, ...args }, context) =>
        resolveCursorConnection({ args, ...pageSize, toCursor: ({ id }: TrainingJob) => id }, (page: Page) =>
          listJobs(context, context.identity, filter ?? {}, page),
        ),
    },
    { name: 'TrainingJobConnection' },
    { name: 'TrainingJobEdge' },
  ),
}))

const commands = {
  pauseJob: { run: pauseJob, description: 'Saves a checkpoint and frees the worker. A second pause is a CONFLICT.' },
  resumeJob: { run: resumeJob, description: 'Continues a paused job where it stopped, bit for bit.' },
  cancelJob: { run: cancelJob, description: 'Stops a job for good, within two seconds.' },
  retryJob: {
    run: retryJob,
    description:
      'Tries a failed job again, from its last checkpoint; a trial whose sweep is over, from its first step.',
  },
}

for (const [name, { run, description }] of Object.entries(commands)) {
  builder.mutationField(name, t =>
    t.field({
      type: TrainingJobRef,
      authScopes: { scope: 'training:write' },
      description,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, context) => run(context, context.identity, id),
    }),
  )
}
