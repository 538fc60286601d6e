/** A name in a project; every training into it adds a version. */
export interface Model {
  readonly id: string
  readonly project: string
  readonly name: string
  /** The number of its newest version. */
  readonly newest: number
  readonly createdAt: Date
}
