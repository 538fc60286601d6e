import type { OutboxRow } from '../../../kernel/outbox.ts'
import type { EventData } from '../../../schema/events.ts'
import type { Model } from '../registry/model.ts'
import type { Seal } from '../signing/ports.ts'
import type { ModelVersion, Source } from '../versions/version.ts'

export type CompletedJob = EventData<'job.completed'>

/** What a version is made of, whether a job made it or an import brought it. */
export type Made = Omit<CompletedJob, 'jobId' | 'attempt' | 'step' | 'totalSteps'> & {
  readonly jobId: string | null
  readonly source?: Source
}

/** A version before it has an id, a number and a time. */
export interface VersionDraft {
  readonly project: string
  readonly made: Made
  readonly digest: string
  readonly sizeBytes: number
}

export interface Registering {
  /** Signs what the version now is. */
  seal(version: ModelVersion, model: Model): Seal
  announce(version: ModelVersion, model: Model): OutboxRow
}

export interface Registrations {
  ofJob(jobId: string): Promise<ModelVersion | null>
  /** Digests of those of the ids that are versions of this project. */
  knownVersions(project: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /**
   * Writes the version under the next number of its model, which is made if it is new, together with what is announced.
   * Gives the job's version where it has one already. Throws NOT_FOUND where bytes were collected meanwhile.
   */
  register(draft: VersionDraft, registering: Registering): Promise<ModelVersion>
  /** Writes the event unless one with its id waits already. */
  reject(event: OutboxRow): Promise<void>
}

/** The stored bytes of a model. */
export interface Artifacts {
  /** Reads what is stored under the digest. */
  inspect(digest: string): Promise<'missing' | 'altered' | { readonly sizeBytes: number }>
}
