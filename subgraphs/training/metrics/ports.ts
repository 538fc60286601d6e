import type { Point } from './points.ts'
import type { PackedSeries } from './series.ts'

export interface Metrics {
  /**
   * By name; those named, or all where null. All points of a series, or its extremes where there are at least `enough`
   * of those.
   */
  series(jobId: string, names: readonly string[] | null, enough: number): Promise<readonly PackedSeries[]>
  /** The newest point of each name, by name. */
  newest(jobId: string): Promise<readonly NewestPoint[]>
}

export interface NewestPoint extends Point {
  readonly name: string
}

export interface MetricParts {
  readonly metrics: Metrics
  readonly now: () => Date
}
