import type { BlobSettings } from '../../../kernel/blobs/open.ts'
import type { TracingSettings } from '../../../kernel/telemetry/settings.ts'
import type { MetricPoint, Phase } from '../../../schema/values.ts'
import type { Completion } from '../attempts/attempt.ts'
import type { SavedState } from '../attempts/service.ts'
import type { JobError } from '../jobs/job.ts'
import type { CacheSettings } from '../tokens/cache.ts'

/** What a training process is told to do, once. */
export interface Order {
  readonly kind: 'start'
  readonly jobId: string
  readonly phase: Phase
  /** What the phase needs; its room knows the type. */
  readonly config: unknown
  /** Digest of the content. */
  readonly dataset: string
  readonly executor: string
  readonly threads: number
  /** Newest first; the first that can be read is where it goes on. */
  readonly checkpoints: readonly { readonly step: number; readonly digest: string }[]
  /** The last stored step of each metric: nothing up to there is reported again. */
  readonly recorded: Readonly<Record<string, number>>
  readonly blobs: BlobSettings
  /** Where tokens are kept for those that come after. */
  readonly tokens: CacheSettings
  /** It pauses after this step by itself, if it has one. */
  readonly pauseAt?: number | null
  /** Where its part of the trace goes. */
  readonly tracing?: TracingSettings
  /** W3C trace context of the attempt. */
  readonly traceparent?: string
}

/** `stop`: save a checkpoint and end. */
export type ToTrainer = Order | { readonly kind: 'stop' }

export type FromTrainer =
  | { readonly kind: 'points'; readonly step: number; readonly points: readonly MetricPoint[] }
  | ({ readonly kind: 'checkpoint' } & SavedState)
  /** What it does before its first step, and how far that is. */
  | { readonly kind: 'preparing'; readonly message: string }
  /** What is worth a look in the job's log: a checkpoint that could not be read, a search that found nothing. */
  | { readonly kind: 'warning'; readonly message: string }
  | ({ readonly kind: 'completed' } & Completion)
  /** It would fail the same way again. */
  | { readonly kind: 'failed'; readonly step: number; readonly error: JobError }
  | { readonly kind: 'stopped'; readonly step: number }
  /** It has come to `pauseAt`, and what its weights are worth there. */
  | { readonly kind: 'paused'; readonly step: number; readonly validationLoss: number }
