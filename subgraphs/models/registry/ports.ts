import type { Phase } from '../../../schema/values.ts'
import type { Model } from './model.ts'

/** Newest first unless `inverted`; `after` and `before` are ids. */
export interface Page {
  readonly after?: string
  readonly before?: string
  readonly limit: number
  readonly inverted: boolean
}

export interface ModelFilter {
  /** Undefined for all projects. */
  readonly project?: string
  readonly nameContains?: string
  /** Models that have all of these tags themselves. */
  readonly tags?: readonly string[]
  /** Models with a version for which all of these hold. */
  readonly phase?: Phase
  readonly versionTags?: readonly string[]
  readonly metrics?: readonly MetricFilter[]
  /** Made from this version. */
  readonly parentId?: string
  readonly runId?: string
  readonly datasetFingerprint?: string
}

export interface MetricFilter {
  readonly name: string
  readonly atLeast?: number | null
  readonly atMost?: number | null
}

/** Where models are read. Each call is one statement. */
export interface Registry {
  find(project: string, name: string): Promise<Model | null>
  list(filter: ModelFilter, page: Page): Promise<readonly Model[]>
  byId(ids: readonly string[]): Promise<readonly Model[]>
}
