import { pipelines } from '../pipelines/pipeline.ts'
import type { RunEvent } from './ports.ts'
import type { Run, Step } from './run.ts'

type StateTopic = 'run.started' | 'run.progressed' | 'run.finished'

/** The state of a run, as everyone who follows it needs it. */
export const announcement = (topic: StateTopic, run: Run): RunEvent => ({
  topic,
  data: {
    runId: run.id,
    pipeline: run.request.pipeline,
    status: run.status,
    progress: run.progress,
    steps: run.steps.map(({ name, status, jobId, versionId }) => ({ name, status, jobId, versionId })),
  },
})

/** Asks training for a step's job. Training makes one per run and step, however often it is asked. */
export const stepRequest = ({ id, principal, request, steps }: Run, step: Step): RunEvent => ({
  topic: 'step.requested',
  data: {
    runId: id,
    stepName: step.name,
    phase: step.phase,
    modelName: request.modelName,
    dataset: request.dataset,
    preset: request.preset,
    seed: request.seed + seedOffset(request.pipeline, step.name),
    config: configOf(request, step),
    parents: stepsBefore(steps, step).flatMap(({ versionId }) => (versionId === null ? [] : [versionId])),
    principal,
  },
})

const stepsBefore = (steps: readonly Step[], { name }: Step): readonly Step[] =>
  steps.slice(
    0,
    steps.findIndex(step => step.name === name),
  )

const seedOffset = (pipeline: string, stepName: string): number =>
  pipelines.find(({ name }) => name === pipeline)?.steps.find(({ name }) => name === stepName)?.seedOffset ?? 0

/** The settings of a merge have a place of their own among those of the trainings before it. */
function configOf({ config }: Run['request'], { phase }: Step): Record<string, unknown> {
  const { evomerge, ...others } = config
  return phase === 'EVOMERGE' ? { ...(evomerge as object) } : others
}
