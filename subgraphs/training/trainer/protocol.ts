import type { MetricPoint } from '../../../schema/values.ts'
import type { Completion } from '../attempts/attempt.ts'
import type { SavedState } from '../attempts/service.ts'
import type { JobError } from '../jobs/job.ts'
import type { CognateConfig } from '../recipes/config.ts'

/** What a training process is told to do, once. */
export interface Order {
  readonly kind: 'start'
  readonly jobId: string
  readonly config: CognateConfig
  /** Digest of the text. */
  readonly dataset: string
  readonly executor: string
  readonly threads: number
  /** Newest first; the first that can be read is where it goes on. */
  readonly checkpoints: readonly { readonly step: number; readonly digest: string }[]
  /** The last stored step of each metric: nothing up to there is reported again. */
  readonly recorded: Readonly<Record<string, number>>
  /** Folder of the blobs. */
  readonly blobs: string
}

/** `stop`: save a checkpoint and end. */
export type ToTrainer = Order | { readonly kind: 'stop' }

export type FromTrainer =
  | { readonly kind: 'points'; readonly step: number; readonly points: readonly MetricPoint[] }
  | ({ readonly kind: 'checkpoint' } & SavedState)
  /** An earlier checkpoint could not be read. */
  | { readonly kind: 'warning'; readonly message: string }
  | ({ readonly kind: 'completed' } & Completion)
  /** It would fail the same way again. */
  | { readonly kind: 'failed'; readonly step: number; readonly error: JobError }
  | { readonly kind: 'stopped'; readonly step: number }
