import type { JobEvent, TrainingJob } from '../jobs/job.ts'
import { placeOf } from '../jobs/job.ts'

/** One try to run a job. What it writes is refused once a newer one has begun or its lease has ended. */
export interface Attempt {
  readonly jobId: string
  readonly number: number
}

/** Where an attempt takes place. */
export interface Place {
  readonly nodeId: string
  /** The executors that work there. */
  readonly executors: readonly string[]
  /** The one for a job that has not run yet; one that has keeps its own, so that its numbers stay the same. */
  readonly executor: string
}

/** A job that an attempt has taken, with all that it needs to go on. */
export interface Claim {
  readonly attempt: Attempt
  readonly job: TrainingJob
  /** Newest first. */
  readonly checkpoints: readonly { readonly step: number; readonly digest: string }[]
  /** The last stored step of each metric: what an attempt repeats up to there is not stored again. */
  readonly recorded: Readonly<Record<string, number>>
}

export interface Completion {
  readonly parameterCount: number
  readonly architecture: Readonly<Record<string, unknown>>
  readonly files: readonly { readonly path: string; readonly digest: string; readonly sizeBytes: number }[]
  readonly metrics: readonly { readonly name: string; readonly value: number }[]
}

/** Without a sign of life for so long, an attempt has lost its job. Milliseconds. */
export const leaseMs = 6_000

/** Attempts that may end without an answer before the job is given up. */
export const crashLimit = 3

export const jobStarted = (job: TrainingJob, step: number): JobEvent => ({
  topic: 'job.started',
  data: { ...placeOf(job), step, attempt: job.attempts, nodeId: job.nodeId!, executor: job.executor! },
})

export const jobCompleted = (job: TrainingJob, attempt: Attempt, completion: Completion): JobEvent => ({
  topic: 'job.completed',
  data: {
    ...placeOf(job),
    step: job.totalSteps,
    phase: job.phase,
    attempt: attempt.number,
    modelName: job.modelName,
    parameterCount: completion.parameterCount,
    architecture: completion.architecture,
    files: [...completion.files],
    metrics: [...completion.metrics],
    parents: [],
    dataset: { id: job.datasetId, fingerprint: job.datasetFingerprint },
  },
})
