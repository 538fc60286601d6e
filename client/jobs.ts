import type { Connection } from './connection.ts'
import * as documents from './generated/graphql.ts'
import { type Page, type PageInput, pageOf } from './page.ts'
import type { StreamOptions } from './stream.ts'

export type Job = documents.JobFieldsFragment
export type JobDetails = NonNullable<documents.JobQuery['job']>
export type TrainingProgress = documents.TrainingProgressSubscription['trainingProgress']
export type { StartCognateInput } from './generated/graphql.ts'

export const jobMethods = ({ transport, subscriptions, project }: Connection) => ({
  /** Starts the pretraining of a small language model. */
  startCognate: (input: documents.StartCognateInput): Promise<Job> =>
    transport.field(documents.StartCognateDocument, 'startCognate', { input: { project, ...input } }),

  /** A job with its metrics (all names, 500 points each, where absent), checkpoints, node and output. */
  job: (id: string, metrics: { names?: readonly string[]; maxPoints?: number } = {}): Promise<JobDetails> =>
    transport.field(documents.JobDocument, 'job', {
      id,
      metricNames: metrics.names,
      ...(metrics.maxPoints !== undefined && { maxPoints: metrics.maxPoints }),
    }),

  jobs: async (input: PageInput & { filter?: documents.JobFilter } = {}): Promise<Page<Job>> =>
    pageOf(await transport.field(documents.JobsDocument, 'jobs', input)),

  /** Stops at the next step with a checkpoint; `resumeJob` goes on from there. */
  pauseJob: (id: string): Promise<Job> => transport.field(documents.PauseJobDocument, 'pauseJob', { id }),
  resumeJob: (id: string): Promise<Job> => transport.field(documents.ResumeJobDocument, 'resumeJob', { id }),
  /** Stops for good. */
  cancelJob: (id: string): Promise<Job> => transport.field(documents.CancelJobDocument, 'cancelJob', { id }),
  /** Begins a failed job again from its last checkpoint. */
  retryJob: (id: string): Promise<Job> => transport.field(documents.RetryJobDocument, 'retryJob', { id }),

  /** How a job goes, until it has ended. */
  trainingProgress: (jobId: string, options?: StreamOptions): AsyncGenerator<TrainingProgress, void> =>
    subscriptions.stream(
      documents.TrainingProgressDocument,
      'trainingProgress',
      { jobId },
      options,
      event => event.cursor,
    ),
})
