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
export const stepRequest = ({ id, principal, request }: Run, step: Step): RunEvent => ({
  topic: 'step.requested',
  data: {
    runId: id,
    stepName: step.name,
    phase: step.phase,
    modelName: request.modelName,
    dataset: request.dataset,
    preset: request.preset,
    seed: request.seed,
    config: { ...request.config },
    principal,
  },
})
