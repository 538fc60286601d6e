import type { EventData, Topic } from '../../../schema/events.ts'
import type { JobStatus, Phase, Preset } from '../../../schema/values.ts'

export interface JobError {
  readonly code: string
  readonly message: string
}

export interface TrainingJob {
  readonly id: string
  readonly project: string
  readonly phase: Phase
  readonly status: JobStatus
  readonly modelName: string
  readonly preset: Preset | null
  readonly seed: number
  /** The highest step whose metrics are stored; it never goes back. */
  readonly step: number
  readonly totalSteps: number
  /** What the phase needs; its room knows the type. */
  readonly config: unknown
  readonly datasetId: string
  readonly datasetFingerprint: string
  readonly executor: string | null
  readonly nodeId: string | null
  /** 0 is the most urgent. */
  readonly priority: number
  readonly labels: readonly string[]
  readonly principal: string
  readonly runId: string | null
  readonly stepName: string | null
  readonly idempotencyKey: string | null
  /** Rises with each change of status. */
  readonly revision: number
  readonly attempts: number
  readonly crashes: number
  readonly error: JobError | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

type JobTopic = Extract<Topic, `job.${string}`>

/** An event about a job: its key is the job's id and its project the job's. */
export type JobEvent = {
  [T in JobTopic]: { readonly topic: T; readonly data: EventData<T> }
}[JobTopic]

/** From 0 to 1. */
export const progressOf = ({ status, step, totalSteps }: TrainingJob): number =>
  status === 'COMPLETED' ? 1 : totalSteps === 0 ? 0 : Math.min(1, step / totalSteps)

/** What most events about a job say. */
export const placeOf = ({ id, step, totalSteps, runId, stepName }: TrainingJob) => ({
  jobId: id,
  step,
  totalSteps,
  runId,
  stepName,
})

export const jobQueued = (job: TrainingJob): JobEvent => ({
  topic: 'job.queued',
  data: {
    jobId: job.id,
    phase: job.phase,
    modelName: job.modelName,
    totalSteps: job.totalSteps,
    seed: job.seed,
    runId: job.runId,
    stepName: job.stepName,
  },
})
