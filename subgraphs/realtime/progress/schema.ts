import type { MetricValue } from '../../../schema/values.ts'
import { builder, JobStatus } from '../builder.ts'
import { afterText, cursorText, GapRef, gapText, pointer } from '../feed/schema.ts'
import type { RunStep } from '../subjects/subject.ts'
import type { PipelineProgress, Point, TrainingProgress } from './progress.ts'
import { followJob, followRun } from './service.ts'

export const TrainingJob = pointer('TrainingJob')
const PipelineRun = pointer('PipelineRun')
const ModelVersion = pointer('ModelVersion')

const MetricValueRef = builder.objectRef<MetricValue>('MetricValue').implement({
  directives: { shareable: true },
  description: 'The newest value of one metric. Names are values: `loss`, `validation_loss`, `tokens_per_second`, …',
  fields: t => ({ name: t.exposeString('name'), value: t.exposeFloat('value') }),
})

const MetricPointRef = builder.objectRef<Point>('MetricPoint').implement({
  directives: { shareable: true },
  description: 'A measured value of one metric.',
  fields: t => ({
    name: t.exposeString('name'),
    step: t.exposeInt('step'),
    value: t.exposeFloat('value'),
    at: t.expose('at', { type: 'DateTime' }),
  }),
})

const TrainingProgressRef = builder.objectRef<TrainingProgress>('TrainingProgress').implement({
  description: 'What has happened to a job since the event before.',
  fields: t => ({
    cursor: t.exposeString('cursor', { description: cursorText }),
    gap: t.expose('gap', { type: GapRef, nullable: true, description: gapText }),
    at: t.expose('at', { type: 'DateTime' }),
    job: t.field({ type: TrainingJob, nullable: true, resolve: ({ jobId }) => ({ id: jobId }) }),
    status: t.expose('status', { type: JobStatus }),
    step: t.exposeInt('step'),
    totalSteps: t.exposeInt('totalSteps'),
    secondsLeft: t.exposeFloat('secondsLeft', {
      nullable: true,
      description: 'Until its last step, at the pace of the newest points; null while it does not run.',
    }),
    metrics: t.expose('metrics', {
      type: [MetricValueRef],
      description: 'The newest value of each name that this subscription has seen.',
    }),
    points: t.expose('points', { type: [MetricPointRef], description: 'Every point since the event before.' }),
  }),
})

const StepProgressRef = builder.objectRef<RunStep>('PipelineStepProgress').implement({
  description: 'A step of a run, with what it has led to so far.',
  fields: t => ({
    name: t.exposeString('name'),
    status: t.expose('status', { type: JobStatus }),
    job: t.field({ type: TrainingJob, nullable: true, resolve: ({ jobId }) => (jobId ? { id: jobId } : null) }),
    output: t.field({
      type: ModelVersion,
      nullable: true,
      resolve: ({ versionId }) => (versionId ? { id: versionId } : null),
    }),
  }),
})

const PipelineProgressRef = builder.objectRef<PipelineProgress>('PipelineProgress').implement({
  description: 'The state of a pipeline run after a change.',
  fields: t => ({
    cursor: t.exposeString('cursor', { description: cursorText }),
    gap: t.expose('gap', { type: GapRef, nullable: true, description: gapText }),
    at: t.expose('at', { type: 'DateTime' }),
    run: t.field({ type: PipelineRun, nullable: true, resolve: ({ runId }) => ({ id: runId }) }),
    status: t.expose('status', { type: JobStatus }),
    progress: t.exposeFloat('progress', { description: 'From 0 to 1.' }),
    steps: t.expose('steps', { type: [StepProgressRef] }),
  }),
})

builder.subscriptionFields(t => ({
  trainingProgress: t.field({
    type: TrainingProgressRef,
    authScopes: { scope: 'training:read' },
    directives: { resumable: { cursor: 'cursor', slowReader: 'COALESCE', begins: 'FIRST_EVENT' } },
    description:
      'A job from its first event to its last, upon which the subscription completes. A slow reader gets fewer events with the same points.',
    args: { jobId: t.arg.id({ required: true }), after: t.arg.string({ description: afterText }) },
    subscribe: (_, { jobId, after }, context) => followJob(context, context.identity, { id: jobId, after }),
    resolve: progress => progress,
  }),
  pipelineProgress: t.field({
    type: PipelineProgressRef,
    authScopes: { scope: 'pipelines:read' },
    directives: { resumable: { cursor: 'cursor', slowReader: 'GAP', begins: 'FIRST_EVENT' } },
    description: 'A pipeline run from its first event to its last, upon which the subscription completes.',
    args: { runId: t.arg.id({ required: true }), after: t.arg.string({ description: afterText }) },
    subscribe: (_, { runId, after }, context) => followRun(context, context.identity, { id: runId, after }),
    resolve: progress => progress,
  }),
}))
