import { isFinished, type JobStatus, type Phase, type Preset } from '../../../schema/values.ts'
import type { Pipeline } from '../pipelines/pipeline.ts'

/** What a run was asked to make; every step works from it. */
export interface RunRequest {
  readonly pipeline: string
  readonly modelName: string
  /** Id of a dataset, or null for the one that training has as its default. */
  readonly dataset: string | null
  readonly preset: Preset
  readonly seed: number
  /** Settings of training, passed on as they are: training checks them. */
  readonly config: Readonly<Record<string, unknown>>
}

export interface Failure {
  readonly code: string
  readonly message: string
}

export interface Step {
  readonly name: string
  readonly phase: Phase
  readonly status: JobStatus
  /** When the status was reported (ISO 8601), so that a late report of an older one changes nothing. */
  readonly statusAt: string | null
  /** From 0 to 1; never goes back, also when a job repeats what came after its last checkpoint. */
  readonly progress: number
  readonly jobId: string | null
  readonly versionId: string | null
  readonly error: Failure | null
}

export interface Run {
  readonly id: string
  readonly project: string
  readonly principal: string
  readonly request: RunRequest
  readonly idempotencyKey: string | null
  readonly status: JobStatus
  readonly progress: number
  readonly steps: readonly Step[]
  readonly createdAt: Date
  /** When its state was last published. */
  readonly announcedAt: Date
  readonly finishedAt: Date | null
}

/** What an event says about one step; what it does not know it leaves out. */
export interface StepReport {
  /** ISO 8601. */
  readonly at: string
  readonly status?: JobStatus
  readonly progress?: number
  readonly jobId?: string
  readonly versionId?: string
  readonly error?: Failure
  /** Its job is tried again after it had failed. */
  readonly isRetry?: boolean
}

export function newRun(
  pipeline: Pipeline,
  given: Pick<Run, 'id' | 'project' | 'principal' | 'request' | 'idempotencyKey'>,
  now: Date,
): Run {
  const steps = pipeline.steps.map(step => ({
    ...step,
    status: 'QUEUED' as const,
    statusAt: null,
    progress: 0,
    jobId: null,
    versionId: null,
    error: null,
  }))
  return { ...given, status: 'QUEUED', progress: 0, steps, createdAt: now, announcedAt: now, finishedAt: null }
}

/**
 * The run after a report about one of its steps. The reports about one job may come in any order and more than once:
 * a finished step stays as it is, and until then the latest status by its time counts.
 */
export function withReport(run: Run, stepName: string | undefined, report: StepReport, now: Date): Run {
  const retried = run.steps.find(step => step.name === stepName && isRetried(step, report))
  const steps = retried ? reopened(run, retried) : run.steps
  const after = steps.map(step => (step.name === stepName ? reported(step, report) : step))
  return summarised(retried ? { ...run, finishedAt: null } : run, after, now)
}

/** A step that failed with this very job; the rejection of a step, or of what its job made, is not undone so. */
const isRetried = ({ status, jobId }: Step, report: StepReport): boolean =>
  report.isRetry === true && status === 'FAILED' && jobId === report.jobId

/** The run as it was before a step failed: what was cancelled behind it waits again. */
function reopened(run: Run, failed: Step): readonly Step[] {
  return run.steps.map(step => {
    if (step === failed) return { ...step, status: 'RUNNING' as const, statusAt: null, error: null }
    const wasAhead = step.status === 'CANCELLED' && step.jobId === null
    return wasAhead ? { ...step, status: 'QUEUED' as const, statusAt: null } : step
  })
}

/** The run as whoever cancels it leaves it: what has ended stays, the rest is cancelled. */
export const cancelled = (run: Run, now: Date): Run =>
  summarised(
    { ...run, announcedAt: now },
    run.steps.map(step => (isFinished(step.status) ? step : { ...step, status: 'CANCELLED' as const })),
    now,
  )

function reported(step: Step, { at, status, ...report }: StepReport): Step {
  const jobId = step.jobId ?? report.jobId ?? null
  if (isFinished(step.status)) return { ...step, jobId }
  if (status && isFinished(status)) {
    return {
      ...step,
      jobId,
      status,
      statusAt: at,
      progress: status === 'COMPLETED' ? 1 : (report.progress ?? step.progress),
      versionId: report.versionId ?? null,
      error: report.error ?? null,
    }
  }
  const isNews = status !== undefined && (step.statusAt === null || at >= step.statusAt)
  const progress = Math.max(step.progress, report.progress ?? 0)
  return { ...step, jobId, progress, ...(isNews && { status, statusAt: at }) }
}

function summarised(run: Run, reported: readonly Step[], now: Date): Run {
  const broken = reported.find(step => step.status === 'FAILED' || step.status === 'CANCELLED')
  const current = reported.find(step => step.status !== 'COMPLETED')
  // What was to come after a step that broke never will.
  const steps = broken
    ? reported.map(step => (isFinished(step.status) ? step : { ...step, status: 'CANCELLED' as const }))
    : reported
  const isUnderway = current?.status === 'QUEUED' && current !== reported[0]
  const status = broken?.status ?? (isUnderway ? 'RUNNING' : current?.status) ?? 'COMPLETED'
  const progress = steps.reduce((sum, step) => sum + step.progress, 0) / steps.length
  return { ...run, steps, status, progress, finishedAt: run.finishedAt ?? (isFinished(status) ? now : null) }
}
