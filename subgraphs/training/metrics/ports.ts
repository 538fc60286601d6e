import type { MetricValue } from '../../../schema/values.ts'
import type { MetricSeries } from './series.ts'

export interface Metrics {
  /** All points, by name; those named, or all where undefined. */
  series(jobId: string, names?: readonly string[]): Promise<readonly MetricSeries[]>
  /** The newest value of each name, by name. */
  newest(jobId: string): Promise<readonly MetricValue[]>
}

export interface MetricParts {
  readonly metrics: Metrics
}
