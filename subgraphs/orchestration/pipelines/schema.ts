import { resolveCursorConnection } from '@pothos/plugin-relay'
import { pageSize } from '../../../kernel/federation.ts'
import { builder, JobStatusEnum, PhaseEnum, PresetEnum } from '../builder.ts'
import { checkedPage, type Page } from '../page.ts'
import type { Failure, Run, Step } from '../runs/run.ts'
import { pipelines } from './pipeline.ts'
import { cancelRun, defaultSeed, findRun, getRun, runPipeline } from './service.ts'

const id = builder.selection<{ id: string }>('id')

const TrainingJob = builder.externalRef('TrainingJob', id).implement({ externalFields: t => ({ id: t.id() }) })
const ModelVersion = builder.externalRef('ModelVersion', id).implement({ externalFields: t => ({ id: t.id() }) })

const FailureType = builder.objectRef<Failure>('StepError').implement({
  description: 'Why a step of a pipeline failed.',
  fields: t => ({
    code: t.exposeString('code', { description: 'One of the codes that errors have.' }),
    message: t.exposeString('message'),
  }),
})

const StepType = builder.objectRef<Step>('PipelineStep').implement({
  description: 'One phase of a run: a job, and the model version that it made.',
  fields: t => ({
    name: t.exposeString('name'),
    phase: t.expose('phase', { type: PhaseEnum }),
    status: t.expose('status', {
      type: JobStatusEnum,
      description: 'COMPLETED when the version is registered, which is shortly after its job is.',
    }),
    progress: t.exposeFloat('progress', { description: 'From 0 to 1; never goes back.' }),
    job: t.field({
      type: TrainingJob,
      nullable: true,
      description: 'Null until training has taken the step up.',
      resolve: ({ jobId }) => (jobId === null ? null : { id: jobId }),
    }),
    output: t.field({
      type: ModelVersion,
      nullable: true,
      resolve: ({ versionId }) => (versionId === null ? null : { id: versionId }),
    }),
    error: t.expose('error', { type: FailureType, nullable: true }),
  }),
})

const RunType = builder.objectRef<Run>('PipelineRun').implement({
  authScopes: { scope: 'pipelines:read' },
  description: 'One run of a pipeline: phase after phase until a model is made.',
  fields: t => ({
    id: t.exposeID('id'),
    pipeline: t.string({ resolve: run => run.request.pipeline }),
    modelName: t.string({ resolve: run => run.request.modelName }),
    project: t.exposeString('project'),
    status: t.expose('status', { type: JobStatusEnum }),
    progress: t.exposeFloat('progress', { description: 'Mean of the steps, from 0 to 1.' }),
    steps: t.field({ type: [StepType], resolve: run => [...run.steps] }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    error: t.field({
      type: FailureType,
      nullable: true,
      description: 'The error of the step that failed.',
      resolve: run => run.steps.find(step => step.error)?.error,
    }),
  }),
})

builder.asEntity(RunType, {
  key: id,
  resolveReference: (run, { identity, ...parts }) => findRun(parts, identity, run.id),
})

const RunPipelineInput = builder.inputType('RunPipelineInput', {
  fields: t => ({
    pipeline: t.string({
      defaultValue: 'cognate',
      description: pipelines.map(({ name, description }) => `\`${name}\`: ${description}`).join('\n'),
    }),
    modelName: t.string({
      required: true,
      description: 'Name of the model that gets a new version: `[a-z0-9][a-z0-9._-]{0,63}`.',
    }),
    dataset: t.id({ description: 'The built-in dataset where absent.' }),
    preset: t.field({ type: PresetEnum, defaultValue: 'NANO', description: 'Size of the model.' }),
    seed: t.int({ description: `From 0 on; ${defaultSeed} where absent.` }),
    config: t.field({
      type: 'JSON',
      description: 'Settings of training as a JSON object, named as the fields of `StartCognateInput`.',
    }),
    project: t.string({ description: 'Your own, or `default`, where absent.' }),
    idempotencyKey: t.string({
      description: 'A retry with the same key and input answers the same run; with other input it is a CONFLICT.',
    }),
  }),
})

builder.queryFields(t => ({
  pipelineRun: t.field({
    type: RunType,
    nullable: true,
    authScopes: { scope: 'pipelines:read' },
    description: 'Fails with NOT_FOUND for an id that does not exist.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, { identity, ...parts }) => getRun(parts, identity, args.id),
  }),
  pipelineRuns: t.connection(
    {
      type: RunType,
      nullable: true,
      authScopes: { scope: 'pipelines:read' },
      description: 'Newest first.',
      resolve: (_root, args, { runs, identity }) =>
        resolveCursorConnection({ args, ...pageSize, toCursor: (run: Run) => run.id }, (page: Page) =>
          runs.list(identity.project, checkedPage(page, 'run')),
        ),
    },
    { name: 'PipelineRunConnection' },
    { name: 'PipelineRunEdge' },
  ),
}))

builder.mutationFields(t => ({
  runPipeline: t.field({
    type: RunType,
    authScopes: { scope: 'pipelines:write' },
    description: 'Begins a run; `pipelineProgress` follows it.',
    args: { input: t.arg({ type: RunPipelineInput, required: true }) },
    resolve: (_root, { input }, { identity, ...parts }) => runPipeline(parts, identity, input),
  }),
  cancelRun: t.field({
    type: RunType,
    authScopes: { scope: 'pipelines:write' },
    description: 'Stops a run for good, and the job of its current step with it.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, { identity, ...parts }) => cancelRun(parts, identity, args.id),
  }),
}))
