/** A name in a project; every training into it adds a version. */
export interface Model {
  readonly id: string
  readonly project: string
  readonly name: string
  /** The number of its newest version. */
  readonly newest: number
  readonly createdAt: Date
  readonly description: string
  readonly tags: readonly string[]
  /** How many of the best versions retention keeps; null keeps all. */
  readonly keepBest: number | null
  readonly keepMetric: string | null
  /** False where the smallest value is the best. */
  readonly keepLargest: boolean
}
