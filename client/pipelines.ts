import type { Connection } from './connection.ts'
import * as documents from './generated/graphql.ts'
import { type Page, type PageInput, pageOf } from './page.ts'
import type { StreamOptions } from './stream.ts'

export type PipelineRun = documents.RunFieldsFragment
export type PipelineProgress = documents.PipelineProgressSubscription['pipelineProgress']
export type { RunPipelineInput } from './generated/graphql.ts'

export const pipelineMethods = ({ transport, subscriptions, project }: Connection) => ({
  runPipeline: (input: documents.RunPipelineInput): Promise<PipelineRun> =>
    transport.field(documents.RunPipelineDocument, 'runPipeline', { input: { project, ...input } }),

  pipelineRun: (id: string): Promise<PipelineRun> =>
    transport.field(documents.PipelineRunDocument, 'pipelineRun', { id }),

  pipelineRuns: async (input: PageInput = {}): Promise<Page<PipelineRun>> =>
    pageOf(await transport.field(documents.PipelineRunsDocument, 'pipelineRuns', input)),

  /** Stops a run for good, and the job of its current step with it. */
  cancelRun: (id: string): Promise<PipelineRun> => transport.field(documents.CancelRunDocument, 'cancelRun', { id }),

  /** How a run goes, until it has ended. */
  pipelineProgress: (runId: string, options?: StreamOptions): AsyncGenerator<PipelineProgress, void> =>
    subscriptions.stream(
      documents.PipelineProgressDocument,
      'pipelineProgress',
      { runId },
      options,
      event => event.cursor,
    ),
})
