import { WEIGHTS } from '../../../engine/formats/huggingface.ts'
import type { StopReason } from '../../../schema/values.ts'
import type { JobEvent, TrainingJob } from '../jobs/job.ts'
import { jobQueued, placeOf } from '../jobs/job.ts'
import type { JobChange } from '../jobs/ports.ts'
import { lineText, type NewLine } from '../logs/line.ts'

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
  /** For a job that asks for none and has not run yet; one that has keeps its own, so that its numbers stay the same. */
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
  /** The last step made. */
  readonly step: number
  /** Null when that is the last step of the job. */
  readonly stopReason: StopReason | null
  readonly parameterCount: number
  readonly architecture: Readonly<Record<string, unknown>>
  readonly files: readonly { readonly path: string; readonly digest: string; readonly sizeBytes: number }[]
  readonly metrics: readonly { readonly name: string; readonly value: number }[]
  /** Versions that it was made of. */
  readonly parents?: readonly string[]
  /** How it was found, as JSON. */
  readonly report?: unknown
}

/** Without a sign of life for so long, an attempt has lost its job. Milliseconds. */
export const leaseMs = 6_000

/** How long a job waits after so many lost attempts, in milliseconds: 1 s, 2 s, 4 s, … a minute. */
const retryDelayMs = (losses: number): number => Math.min(60_000, 1_000 * 2 ** (losses - 1))

/** What becomes of a job. */
export interface Verdict {
  readonly change: JobChange
  readonly event: JobEvent
  /** What the log says of it, where that is not what it says of the event. */
  readonly lines?: readonly NewLine[]
}

/**
 * After an attempt was lost, with its process or with its worker: queued again after a while, or given up once too many
 * were lost since the last checkpoint. So a job that ends whatever runs it ends itself.
 */
export function afterLoss(job: TrainingJob, reason: string, now: Date): Verdict {
  const crashes = job.crashes + 1
  if (crashes <= job.retries) {
    const notBefore = new Date(now.getTime() + retryDelayMs(crashes))
    const text = `attempt ${job.attempts} was lost because ${reason}; the next one begins in ${retryDelayMs(crashes) / 1000} s`
    const line: NewLine = {
      at: now,
      attempt: job.attempts,
      source: 'FORGE',
      event: 'lost',
      step: job.step,
      text: lineText(text),
    }
    return { change: { status: 'QUEUED', crashes, notBefore }, event: jobQueued(job), lines: [line] }
  }
  const times = crashes === 1 ? 'once' : `${crashes} times since its last checkpoint`
  const error = { code: 'INTERNAL', message: `The training was cut off ${times}, last because ${reason}.` }
  return {
    change: { status: 'FAILED', finishedAt: now, crashes, error },
    event: { topic: 'job.failed', data: { ...placeOf(job), error } },
  }
}

/** Whether what a job makes becomes a version of its model; of a sweep's trials the sweep itself says which one does. */
const registers = ({ rerunOf, sweepId }: TrainingJob): boolean => rerunOf === null && sweepId === null

/** What a job is once it has made its model. */
export const completedBy = ({ stopReason, files, report }: Completion, now: Date): JobChange => ({
  status: 'COMPLETED',
  finishedAt: now,
  crashes: 0,
  stopReason,
  weightsDigest: files.find(({ path }) => path === WEIGHTS)?.digest ?? null,
  report,
})

export const jobStarted = (job: TrainingJob, step: number): JobEvent => ({
  topic: 'job.started',
  data: { ...placeOf(job), step, attempt: job.attempts, nodeId: job.nodeId!, executor: job.executor! },
})

export const jobCompleted = (job: TrainingJob, attempt: Attempt, completion: Completion): JobEvent => ({
  topic: 'job.completed',
  data: {
    ...placeOf(job),
    step: completion.step,
    phase: job.phase,
    attempt: attempt.number,
    modelName: job.modelName,
    parameterCount: completion.parameterCount,
    architecture: completion.architecture,
    files: [...completion.files],
    metrics: [...completion.metrics],
    parents: [...(completion.parents ?? [])],
    dataset: { id: job.datasetId, fingerprint: job.datasetFingerprint },
    ...(completion.stopReason && { stopReason: completion.stopReason }),
    ...(registers(job) ? {} : { registers: false }),
  },
})
