import type { OutboxRow } from '../../../kernel/outbox.ts'
import type { EventData } from '../../../schema/events.ts'
import type { Deletion } from '../deletion/deletion.ts'
import type { Seal } from '../signing/ports.ts'

/** What a purge takes away: the beginning of its proof. */
export interface Inventory {
  readonly versions: readonly { readonly id: string; readonly ref: string; readonly digest: string }[]
  readonly digests: readonly string[]
}

/** What became of bytes: removed, or still the files of another version, or a dataset. */
export interface Remains {
  readonly digest: string
  readonly usedBy: readonly string[]
}

export interface Purges {
  /** Removes the rows of a deletion that is pending, and notes its bytes as orphans. Null where it is not pending. */
  begin(id: string, announce: (versionId: string) => OutboxRow): Promise<Deletion | null>
  /** Pending deletions whose time is over, and those whose bytes are not gone yet. */
  due(now: Date): Promise<readonly Deletion[]>
  orphans(): Promise<readonly string[]>
  /** The dataset has these bytes: they are no orphan, if they were one. */
  addDataset(dataset: EventData<'dataset.added'>): Promise<void>
  /** Notes the bytes as orphans, which other datasets or versions may have all the same. */
  dropDataset(dataset: EventData<'dataset.dropped'>): Promise<void>
  /**
   * Runs `collect` while no version can be registered with these bytes. Forgets the orphan where it answers true, or
   * a version or a dataset has the bytes.
   */
  settle(digest: string, collect: () => Promise<boolean>): Promise<void>
  /** Which of the digests are orphans yet, and which versions and datasets have the others. */
  remains(digests: readonly string[]): Promise<{ readonly waiting: number; readonly used: readonly Remains[] }>
  finish(id: string, seal: Seal, at: Date): Promise<Deletion>
}
