import type { Dimension, Point } from '../../../engine/search/dimensions.ts'
import type { EventData } from '../../../schema/events.ts'
import { isFinished, type JobStatus, type Preset } from '../../../schema/values.ts'
import type { JobError, TrainingJob } from '../jobs/job.ts'
import type { CognateConfig } from '../recipes/config.ts'

export const algorithms = ['GRID', 'RANDOM', 'ASHA'] as const
export type Algorithm = (typeof algorithms)[number]

/** How a sweep searches; decided when it begins. */
export interface SearchPlan {
  readonly algorithm: Algorithm
  readonly space: readonly Dimension[]
  /** Of the points that are drawn. */
  readonly seed: number
  /** One of so many goes on from a rung. */
  readonly eta: number
  /** Steps at which trials are compared; the last is all of them, and the only one but for ASHA. */
  readonly rungs: readonly number[]
}

/** What the jobs of all trials have in common. */
export type Shared = Pick<
  TrainingJob,
  | 'project'
  | 'modelName'
  | 'datasetId'
  | 'datasetFingerprint'
  | 'principal'
  | 'priority'
  | 'labels'
  | 'requirements'
  | 'slots'
  | 'retries'
>

/** A sweep without its trials, of which it may have hundreds. */
export interface SweepHead {
  readonly id: string
  readonly status: Exclude<JobStatus, 'QUEUED'>
  readonly plan: SearchPlan
  readonly shared: Shared
  /** Trials that train, or wait for a machine, at once. */
  readonly parallel: number
  /** Number of the trial whose model became a version. */
  readonly best: number | null
  readonly error: JobError | null
  readonly idempotencyKey: string | null
  readonly createdAt: Date
  readonly finishedAt: Date | null
}

/** One search for the settings under which a training comes to the lowest validation loss. */
export interface Sweep extends SweepHead {
  /** By number. */
  readonly trials: readonly Trial[]
}

export interface Trial {
  /** From 1, in the order in which they begin. */
  readonly number: number
  readonly parameters: Point
  readonly preset: Preset | null
  readonly config: CognateConfig
  /** Null before it begins. */
  readonly job: TrainingJob | null
  /** The rung, from 0, that it is at or on its way to. */
  readonly rung: number
  /** Validation losses at the rungs that it has reached. */
  readonly losses: readonly number[]
  /** What its job said when it had made its model. */
  readonly completion: EventData<'job.completed'> | null
}

export type TrialStatus =
  | 'PENDING'
  | 'TRAINING'
  | 'WAITING'
  | 'PAUSED'
  | 'COMPLETED'
  | 'STOPPED'
  | 'FAILED'
  | 'CANCELLED'

const hasResult = ({ rung, losses }: Trial): boolean => losses.length > rung

export function trialStatus(trial: Trial): TrialStatus {
  switch (trial.job?.status) {
    case undefined:
      return 'PENDING'
    case 'QUEUED':
    case 'RUNNING':
      return 'TRAINING'
    case 'PAUSED':
      return hasResult(trial) ? 'WAITING' : 'PAUSED'
    case 'CANCELLED':
      return hasResult(trial) ? 'STOPPED' : 'CANCELLED'
    default:
      return trial.job!.status as 'COMPLETED' | 'FAILED'
  }
}

/** The loss that a trial is judged by: of the highest rung that it has reached. */
export const lossOf = ({ losses }: Trial): number | null => losses.at(-1) ?? null

/** Higher rungs come first, then lower losses; trials without a loss are left out. */
export const ranked = (trials: readonly Trial[]): readonly Trial[] =>
  trials
    .filter(({ losses }) => losses.length > 0)
    .toSorted((one, other) => other.losses.length - one.losses.length || lossOf(one)! - lossOf(other)!)

/** How many trials are at one rung with jobs of one status (null before they begin), and the steps these have made. */
export interface Tally {
  readonly rung: number
  readonly status: JobStatus | null
  readonly trials: number
  readonly steps: number
}

export const tallied = (trials: readonly Trial[]): readonly Tally[] =>
  trials.map(({ job, rung }) => ({ rung, status: job?.status ?? null, trials: 1, steps: job?.step ?? 0 }))

export const trialCount = (tallies: readonly Tally[]): number => tallies.reduce((sum, { trials }) => sum + trials, 0)

/** From 0 to 1: steps made, of those that the search makes about, where ⌊n/ηᵏ⌋ of n trials come to rung k. */
export function sweepProgress({ status, plan }: SweepHead, tallies: readonly Tally[]): number {
  if (status === 'COMPLETED') return 1
  const { rungs, eta } = plan
  const expected = rungs.reduce((sum, steps, rung) => {
    const comers = Math.max(1, Math.floor(trialCount(tallies) / eta ** rung))
    return sum + comers * (steps - (rungs[rung - 1] ?? 0))
  }, 0)
  // A trial that has failed makes no more steps: those it was to make count as made.
  const made = tallies.reduce((sum, { rung, status, trials, steps }) => {
    const isOver = status !== null && isFinished(status)
    return sum + (isOver ? trials * rungs[rung]! : steps)
  }, 0)
  return Math.min(1, made / expected)
}

/** Children that a change of the sweep's status still reaches. */
export const unfinished = ({ trials }: Sweep): readonly TrainingJob[] =>
  trials.flatMap(({ job }) => (job && !isFinished(job.status) ? [job] : []))

/** Children that pause where the sweep does: those that wait at a rung are paused already. */
export const underway = (sweep: Sweep): readonly TrainingJob[] =>
  unfinished(sweep).filter(({ status }) => status !== 'PAUSED')

/** Children that go on where the sweep does. */
export const interrupted = ({ trials }: Sweep): readonly TrainingJob[] =>
  trials.flatMap(trial => (trialStatus(trial) === 'PAUSED' ? [trial.job!] : []))
