/** A subscription that is served at the moment. */
export interface LiveConnection {
  readonly id: string
  /** The process that serves it. */
  readonly instance: string
  readonly principal: string
  readonly name: string
  readonly project: string
  /** The field of `Subscription`. */
  readonly field: string
  /** The id that it is about. */
  readonly subject: string | null
  readonly since: Date
  /** Events that it has been given. */
  readonly delivered: number
  readonly gaps: number
  /** Events that wait for it, and the age of the oldest of them in milliseconds. */
  readonly behind: number
  readonly behindMs: number
}

/** A part of the list, newest first unless `inverted`. */
export interface Page {
  readonly limit: number
  readonly inverted: boolean
  /** Only what is older than this id. */
  readonly after?: string
  /** Only what is newer than this id. */
  readonly before?: string
}
