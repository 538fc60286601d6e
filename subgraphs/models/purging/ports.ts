import type { OutboxRow } from '../../../kernel/outbox.ts'
import type { EventData } from '../../../schema/events.ts'
import type { Deletion } from '../deletion/deletion.ts'
import type { Seal } from '../signing/ports.ts'

/** What a purge takes away: the beginning of its proof. */
export interface Inventory {
  readonly versions: readonly { readonly id: string; readonly ref: string; readonly digest: string }[]
  readonly digests: readonly string[]
}

/** What became of bytes: removed, or still those of another version, a dataset, or a job. */
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
  /** The job needs these files, although they are no version's. */
  hold(jobId: string, digests: readonly string[]): Promise<void>
  /** Notes what the job held, and these digests, as orphans, which others may have all the same. */
  release(jobId: string, digests: readonly string[]): Promise<void>
  /** The dataset has these bytes: they are no orphan, if they were one. */
  addDataset(dataset: EventData<'dataset.added'>): Promise<void>
  /** Notes the bytes as orphans, which other datasets or versions may have all the same. */
  dropDataset(dataset: EventData<'dataset.dropped'>): Promise<void>
  /**
   * Runs `collect` while no version can be registered with these bytes. Forgets the orphan where it answers true, or
   * somebody has the bytes.
   */
  settle(digest: string, collect: () => Promise<boolean>): Promise<void>
  /** Which of the digests are orphans yet, and which versions, datasets and jobs have the others. */
  remains(digests: readonly string[]): Promise<{ readonly waiting: number; readonly used: readonly Remains[] }>
  finish(id: string, seal: Seal, at: Date): Promise<Deletion>
}
