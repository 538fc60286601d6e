import type { JobStatus, Phase } from '../../../schema/values.ts'
import type { Page } from '../page.ts'
import type { JobEvent, TrainingJob } from './job.ts'

/** Null is as left out. */
export interface JobFilter {
  readonly status?: readonly JobStatus[] | null
  readonly phase?: readonly Phase[] | null
  readonly modelName?: string | null
  readonly runId?: string | null
  readonly label?: string | null
}

/** What a change of status sets besides. */
export type JobChange = Partial<
  Pick<
    TrainingJob,
    | 'status'
    | 'finishedAt'
    | 'error'
    | 'crashes'
    | 'queuedAt'
    | 'notBefore'
    | 'stopReason'
    | 'weightsDigest'
    | 'pauseAt'
    | 'report'
  >
>

export interface Jobs {
  /** Calls of one moment are one statement, as those for the references of one request. */
  find(id: string): Promise<TrainingJob | null>
  findByIdempotencyKey(project: string, key: string): Promise<TrainingJob | null>
  /** `project` `*` lists every project's. */
  list(project: string, filter: JobFilter, page: Page): Promise<readonly TrainingJob[]>
  /** Adds the job, or answers the one that has its idempotency key in the project, or its place in a run, already. */
  add(job: TrainingJob, event: JobEvent): Promise<TrainingJob>
  /** Changes the job and writes the event, all or nothing; null when the job is no longer at this revision. */
  transition(job: TrainingJob, change: JobChange, event: JobEvent): Promise<TrainingJob | null>
  /** Changes the priority of a job that has not finished; null when it has, or is not there. */
  prioritize(id: string, priority: number): Promise<TrainingJob | null>
  ofRun(runId: string): Promise<readonly TrainingJob[]>
}

export interface JobParts {
  readonly jobs: Jobs
  readonly now: () => Date
}
