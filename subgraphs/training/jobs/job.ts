import type { EventData, Topic } from '../../../schema/events.ts'
import type { JobStatus, Phase, Preset, StopReason } from '../../../schema/values.ts'

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
  /** Labels that a machine must have to run it. */
  readonly requirements: readonly string[]
  /** How many of a machine's slots it takes. */
  readonly slots: number
  /** About how much memory it takes at its peak. */
  readonly memoryBytes: number
  /** Attempts that may be lost between two checkpoints without the job being given up. */
  readonly retries: number
  readonly principal: string
  readonly runId: string | null
  readonly stepName: string | null
  /** The group of siblings that it is one of. */
  readonly groupId: string | null
  /** The job with a gradient filter that this one repeats without. */
  readonly controlOf: string | null
  readonly idempotencyKey: string | null
  /** Rises with each change of status. */
  readonly revision: number
  readonly attempts: number
  /** Attempts that were lost since the last checkpoint. */
  readonly crashes: number
  readonly error: JobError | null
  /** Why it ended before its last step without having failed. */
  readonly stopReason: StopReason | null
  /** Digest of the file of the weights that it made. */
  readonly weightsDigest: string | null
  /** The job that it does again, to be compared with it. */
  readonly rerunOf: string | null
  /** How a merge was found, as `evomerge.json` beside its weights. */
  readonly report: unknown
  /** The sweep that it is a trial of. */
  readonly sweepId: string | null
  /** It pauses after this step by itself, if it has one. */
  readonly pauseAt: number | null
  readonly createdAt: Date
  /** Since when it waits for its turn; a lost attempt does not change that. */
  readonly queuedAt: Date
  /** A job whose attempt was lost is not begun again before. */
  readonly notBefore: Date | null
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** 0 is the most urgent priority. */
export const lowestPriority = 1000

/** What a job asks of the scheduler where nobody chooses. */
export const plainNeeds = {
  priority: 100,
  labels: [],
  requirements: [],
  slots: 1,
  memoryBytes: 0,
  retries: 2,
  notBefore: null,
} as const satisfies Partial<TrainingJob>

/** What a job is before anything has become of it. */
export const untouched = {
  status: 'QUEUED',
  step: 0,
  executor: null,
  nodeId: null,
  revision: 0,
  attempts: 0,
  crashes: 0,
  error: null,
  stopReason: null,
  weightsDigest: null,
  rerunOf: null,
  report: null,
  sweepId: null,
  pauseAt: null,
  notBefore: null,
  startedAt: null,
  finishedAt: null,
} as const satisfies Partial<TrainingJob>

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

/** `isRetry`: somebody had it tried again after it had failed, so that what waited for it may go on. */
export const jobQueued = (job: TrainingJob, { isRetry = false } = {}): JobEvent => ({
  topic: 'job.queued',
  data: {
    jobId: job.id,
    phase: job.phase,
    modelName: job.modelName,
    totalSteps: job.totalSteps,
    seed: job.seed,
    runId: job.runId,
    stepName: job.stepName,
    ...(isRetry && { isRetry }),
  },
})
