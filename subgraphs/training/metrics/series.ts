import type { PackedPoints, Point } from './points.ts'

export interface MetricSeries {
  readonly name: string
  /** By step. */
  readonly points: readonly Point[]
}

/** As it is stored. */
export interface PackedSeries {
  readonly name: string
  readonly points: PackedPoints
}
