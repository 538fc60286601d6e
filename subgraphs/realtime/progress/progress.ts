import { isFinished, type JobStatus, type MetricValue } from '../../../schema/values.ts'
import type { Resumable } from '../feed/resumable.ts'
import type { RunStep } from '../subjects/subject.ts'

export interface Point extends MetricValue {
  readonly step: number
  readonly at: Date
}

export interface TrainingProgress extends Resumable {
  readonly jobId: string
  readonly status: JobStatus
  readonly step: number
  readonly totalSteps: number
  /** At the pace of its last points; null while it does not run. */
  readonly secondsLeft: number | null
  /** Newest of each name that this stream has seen. */
  readonly metrics: readonly MetricValue[]
  /** Every point since the event before. */
  readonly points: readonly Point[]
}

export interface PipelineProgress extends Resumable {
  readonly runId: string
  readonly status: JobStatus
  readonly progress: number
  readonly steps: readonly RunStep[]
}

/** What one event of a job tells; what it leaves out stays as it was. */
export interface JobNews {
  readonly status: JobStatus | null
  readonly step: number
  readonly totalSteps: number
  readonly metrics: readonly MetricValue[]
  readonly points: readonly Point[]
}

/** What a stream knows of its job between two events. */
export interface JobProgress {
  readonly status: JobStatus
  readonly step: number
  readonly totalSteps: number
  readonly newest: ReadonlyMap<string, number>
}

export const ended = ({ status }: { readonly status: JobStatus }): boolean => isFinished(status)

/**
 * Several events as one: the state after the last, all points in their order, the newest metric of each name. Merging
 * in two parts comes to the same as at once, which is what lets a slow reader have fewer events and no fewer points.
 */
export function merge(before: JobProgress, news: readonly JobNews[]): { after: JobProgress; points: readonly Point[] } {
  const newest = new Map(before.newest)
  let after: JobProgress = { ...before, newest }
  const points: Point[] = []
  for (const { status, step, totalSteps, metrics, points: measured } of news) {
    after = { newest, status: status ?? after.status, step, totalSteps }
    for (const point of measured) points.push(point)
    for (const { name, value } of [...measured, ...metrics]) newest.set(name, value)
  }
  return { after, points }
}
