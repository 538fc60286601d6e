import type { OutboxRow } from '../../../kernel/outbox.ts'
import type { EventData } from '../../../schema/events.ts'
import type { Model } from '../registry/model.ts'
import type { ModelVersion } from '../versions/version.ts'

export type CompletedJob = EventData<'job.completed'>

/** A version before it has an id, a number and a time. */
export interface VersionDraft {
  readonly project: string
  readonly job: CompletedJob
  readonly digest: string
  readonly sizeBytes: number
}

export interface Registrations {
  isRegistered(jobId: string): Promise<boolean>
  /** Those of the ids that are versions of this project. */
  knownVersions(project: string, ids: readonly string[]): Promise<ReadonlySet<string>>
  /**
   * Writes the version under the next number of its model, which is made if it is new, together with what `announce`
   * says of it. Does nothing if the job has a version already.
   */
  register(draft: VersionDraft, announce: (version: ModelVersion, model: Model) => OutboxRow): Promise<void>
  /** Writes the event unless one with its id waits already. */
  reject(event: OutboxRow): Promise<void>
}

/** The stored bytes of a model. */
export interface Artifacts {
  /** Reads what is stored under the digest. */
  inspect(digest: string): Promise<'missing' | 'altered' | { readonly sizeBytes: number }>
}
