import type { JobStatus } from '../../../schema/values.ts'

/** What the events tell about one job. */
export interface JobProgress {
  readonly id: string
  readonly project: string
  readonly status: JobStatus
  /** The node of its newest attempt. */
  readonly nodeId: string | null
  readonly step: number
  readonly totalSteps: number
  readonly tokensPerSecond: number | null
  readonly changedAt: Date
}

/** A change of what is known about a job; what it leaves out stays. */
export type JobNews = Pick<JobProgress, 'id' | 'project' | 'changedAt'> & Partial<JobProgress>

/** All jobs of one status, and of those that are under way the steps done and to be done. */
export interface JobCount {
  readonly status: JobStatus
  readonly count: number
  readonly steps: number
  readonly totalSteps: number
}

export const countOf = (counts: readonly JobCount[], status: JobStatus): number =>
  counts.find(entry => entry.status === status)?.count ?? 0

const underWay: readonly JobStatus[] = ['QUEUED', 'RUNNING', 'PAUSED']

/** Steps done of all steps of the unfinished jobs, from 0 to 1; null when there is nothing to be done. */
export function overallProgress(counts: readonly JobCount[]): number | null {
  const open = counts.filter(({ status }) => underWay.includes(status))
  const total = open.reduce((sum, { totalSteps }) => sum + totalSteps, 0)
  return total > 0 ? open.reduce((sum, { steps }) => sum + steps, 0) / total : null
}
