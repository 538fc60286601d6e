import type { LiveConnection, Page } from './connection.ts'

export interface Connections {
  /** Adds or replaces, as seen at `at`. */
  put(connections: readonly LiveConnection[], at: Date): Promise<void>
  remove(ids: readonly string[]): Promise<void>
  /** Removes those that no process has confirmed since `at`. */
  removeStale(at: Date): Promise<void>
  /** Whether one of this field, confirmed since `seenSince`, is about the subject. */
  isFollowed(field: string, subject: string, seenSince: Date): Promise<boolean>
  /** Those confirmed since `seenSince`, of one project or, with `*`, of all. */
  list(project: string, seenSince: Date, page: Page): Promise<readonly LiveConnection[]>
}

export interface ConnectionParts {
  readonly connections: {
    /** Writes down what this process serves at this moment. */
    confirm(): Promise<void>
  }
  readonly connectionStore: Connections
  now(): Date
}
