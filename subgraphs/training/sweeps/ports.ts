import type { EventData } from '../../../schema/events.ts'
import type { CognateParts } from '../cognate/ports.ts'
import type { JobEvent, TrainingJob } from '../jobs/job.ts'
import type { JobChange } from '../jobs/ports.ts'
import type { Page } from '../page.ts'
import type { Sweep, SweepHead, Tally, Trial } from './sweep.ts'

type SweepTopic = 'sweep.started' | 'sweep.progressed' | 'sweep.completed'

/** An event about a sweep: its key is the sweep's id and its project the sweep's. */
export type SweepEvent = { [T in SweepTopic]: { readonly topic: T; readonly data: EventData<T> } }[SweepTopic]

/** Everything that one decision about a sweep writes. */
export interface SweepChange {
  readonly sweep?: Partial<Pick<Sweep, 'status' | 'best' | 'error' | 'finishedAt'>>
  /** Trials as they now are; their jobs are written by what follows. */
  readonly trials?: readonly Trial[]
  readonly begun?: readonly { readonly trial: Trial; readonly job: TrainingJob; readonly event: JobEvent }[]
  readonly moved?: readonly { readonly job: TrainingJob; readonly change: JobChange; readonly event: JobEvent }[]
  /** Made of the sweep as it then is. */
  events(sweep: Sweep): readonly SweepEvent[]
}

/** Calls of one moment for several sweeps are one read, so that a list of sweeps is as few as one. */
export interface Sweeps {
  find(id: string): Promise<SweepHead | null>
  /** `project` `*` lists every project's. */
  list(project: string, page: Page): Promise<readonly SweepHead[]>
  /** By number. */
  trials(id: string): Promise<readonly Trial[]>
  /** What its trials come to, without them. */
  tallies(id: string): Promise<readonly Tally[]>
  /** The trial that became a version; before the end, and without one, the first of those `ranked`. */
  leader(id: string): Promise<Trial | null>
  /** The sweep that a job is a trial of. */
  ofJob(jobId: string): Promise<string | null>
  /** Adds the sweep, or answers the one that has its idempotency key in the project already. */
  add(sweep: Sweep, event: SweepEvent): Promise<Sweep>
  /**
   * Shows the sweep, which nobody else can change meanwhile, nor any of its jobs, and writes what is decided, all or
   * nothing; null when there is no such sweep.
   */
  change(id: string, decide: (sweep: Sweep) => SweepChange | null): Promise<Sweep | null>
}

export interface SweepParts extends CognateParts {
  readonly sweeps: Sweeps
}
