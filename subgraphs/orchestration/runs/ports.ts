import type { EventData, Topic } from '../../../schema/events.ts'
import type { AuditEntry } from '../audit/entry.ts'
import type { Page } from '../page.ts'
import type { Run } from './run.ts'

/** An event about a run; its key is the run's id and its project the run's. */
export type RunEvent = {
  [T in Extract<Topic, `run.${string}` | 'step.requested'>]: { readonly topic: T; readonly data: EventData<T> }
}[Extract<Topic, `run.${string}` | 'step.requested'>]

/** A new state of a run with what is written along with it, all or nothing. */
export interface RunChange {
  readonly run: Run
  readonly events: readonly RunEvent[]
  readonly audit?: AuditEntry
}

export interface Runs {
  find(id: string): Promise<Run | null>
  /** `project` `*` lists every project's. */
  list(project: string, page: Page): Promise<readonly Run[]>
  /** The run whose step has this job. */
  findByJob(jobId: string): Promise<Run | null>
  /** Adds the run, or answers the one that has the same idempotency key in the same project already. */
  add(change: RunChange): Promise<Run>
  /**
   * Replaces a run by what `change` makes of it, while nobody else can change it. The run stays as it is where `change`
   * answers null or throws. Answers the run as it then is, or null where there is none.
   */
  change(id: string, change: (run: Run) => RunChange | null): Promise<Run | null>
}

export interface RunParts {
  readonly runs: Runs
  readonly now: () => Date
}
