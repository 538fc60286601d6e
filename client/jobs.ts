import type { Connection } from './connection.ts'
import * as documents from './generated/graphql.ts'
import { type Page, type PageInput, pageOf } from './page.ts'
import type { StreamOptions } from './stream.ts'

export type Job = documents.JobFieldsFragment
export type JobDetails = NonNullable<documents.JobQuery['job']>
export type Comparison = NonNullable<JobDetails['comparison']>
export type QueuedJob = NonNullable<documents.TrainingQueueQuery['trainingQueue']>[number]
export type TrainingProgress = documents.TrainingProgressSubscription['trainingProgress']
export type JobLog = NonNullable<documents.JobLogQuery['job']>['log']
export type LogLine = documents.LogLineFieldsFragment
export type JobLogged = documents.JobLogsSubscription['jobLogs']
export type { StartCognateInput, StartEvoMergeInput } from './generated/graphql.ts'

export const jobMethods = ({ transport, subscriptions, project }: Connection) => ({
  /** Starts the pretraining of a small language model. */
  startCognate: (input: documents.StartCognateInput): Promise<Job> =>
    transport.field(documents.StartCognateDocument, 'startCognate', { input: { project, ...input } }),

  /** Searches the best merge of some versions. */
  startEvoMerge: (input: documents.StartEvoMergeInput): Promise<Job> =>
    transport.field(documents.StartEvoMergeDocument, 'startEvoMerge', { input: { project, ...input } }),

  /** A job with its metrics (all names, 500 points each, where absent), checkpoints, node and output. */
  job: (id: string, metrics: { names?: readonly string[]; maxPoints?: number } = {}): Promise<JobDetails> =>
    transport.field(documents.JobDocument, 'job', {
      id,
      metricNames: metrics.names,
      ...(metrics.maxPoints !== undefined && { maxPoints: metrics.maxPoints }),
    }),

  jobs: async (input: PageInput & { filter?: documents.JobFilter } = {}): Promise<Page<Job>> =>
    pageOf(await transport.field(documents.JobsDocument, 'jobs', input)),

  /** The jobs that wait, whose turn is next first, and what each waits for; 100 where absent, 500 at most. */
  trainingQueue: (first?: number): Promise<readonly QueuedJob[]> =>
    transport.field(documents.TrainingQueueDocument, 'trainingQueue', first === undefined ? {} : { first }),

  /** Moves a job in the line: 0 is the most urgent, 1000 the least. */
  prioritizeJob: (id: string, priority: number): Promise<Job> =>
    transport.field(documents.PrioritizeJobDocument, 'prioritizeJob', { id, priority }),

  /** Stops at the next step with a checkpoint; `resumeJob` goes on from there. */
  pauseJob: (id: string): Promise<Job> => transport.field(documents.PauseJobDocument, 'pauseJob', { id }),
  resumeJob: (id: string): Promise<Job> => transport.field(documents.ResumeJobDocument, 'resumeJob', { id }),
  /** Stops for good. */
  cancelJob: (id: string): Promise<Job> => transport.field(documents.CancelJobDocument, 'cancelJob', { id }),
  /** Begins a failed job again from its last checkpoint. */
  retryJob: (id: string): Promise<Job> => transport.field(documents.RetryJobDocument, 'retryJob', { id }),

  /**
   * Does a finished job again, with the same settings, seed, data and executor. Once it has ended, `job(id).comparison`
   * says whether it came to the same, and the first step that differs where it did not.
   */
  rerunJob: (id: string, idempotencyKey?: string): Promise<Job> =>
    transport.field(documents.RerunJobDocument, 'rerunJob', { id, idempotencyKey }),

  /** How a job goes, until it has ended. */
  trainingProgress: (jobId: string, options?: StreamOptions): AsyncGenerator<TrainingProgress, void> =>
    subscriptions.stream(
      documents.TrainingProgressDocument,
      'trainingProgress',
      { jobId },
      options,
      event => event.cursor,
    ),

  /** A stretch of a job's log: 500 lines behind the line `after`, or the last `tail`; 5,000 at most. */
  jobLog: async (
    id: string,
    stretch: { readonly after?: number; readonly first?: number; readonly tail?: number } = {},
  ): Promise<JobLog> => (await transport.field(documents.JobLogDocument, 'job', { id, ...stretch })).log,

  /** The log of a job as it grows, from its first line or the one behind `afterLine`, until the job has ended. */
  jobLogs: (
    jobId: string,
    { afterLine, ...options }: StreamOptions & { readonly afterLine?: number } = {},
  ): AsyncGenerator<JobLogged, void> =>
    subscriptions.stream(documents.JobLogsDocument, 'jobLogs', { jobId, afterLine }, options, event => event.cursor),
})
