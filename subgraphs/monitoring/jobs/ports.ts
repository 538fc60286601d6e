import type { JobNews, JobProgress } from './progress.ts'

export interface Jobs {
  /** Adds or changes; a job that is met for the first time begins as QUEUED at step 0. */
  apply(news: JobNews): Promise<void>
  /** `project` `*` sees every project's. */
  byId(ids: readonly string[], project: string): Promise<readonly JobProgress[]>
  /** Those that run on these nodes now. */
  runningOn(nodeIds: readonly string[], project: string): Promise<readonly JobProgress[]>
}

export interface JobParts {
  readonly jobs: Jobs
}
