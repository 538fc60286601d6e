import type { FeedParts } from '../feed/ports.ts'
import type { Subject } from './subject.ts'

export interface Subjects {
  find(id: string): Promise<Subject | null>
  /** Adds or replaces. */
  put(subject: Subject): Promise<void>
}

export interface SubjectParts extends FeedParts {
  readonly subjects: Subjects
  readonly now: () => Date
}
