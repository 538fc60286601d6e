import type { OutboxRow } from '../../../kernel/outbox.ts'
import type { Page } from '../registry/ports.ts'
import type { Deletion } from './deletion.ts'

export interface Deletions {
  /** Bytes that only these versions have, and how many files they have in all. */
  measure(versionIds: readonly string[]): Promise<{ readonly files: number; readonly freedBytes: number }>
  /** Hides the versions. False where one of them is gone already, or an alias names one now: then nothing changes. */
  create(deletion: Deletion, versionIds: readonly string[], events: readonly OutboxRow[]): Promise<boolean>
  /** Shows the versions again; null where the deletion is no longer pending. */
  undo(id: string, at: Date, announce: (versionId: string) => OutboxRow): Promise<Deletion | null>
  find(id: string): Promise<Deletion | null>
  list(project: string | undefined, page: Page): Promise<readonly Deletion[]>
}
