import type { BlobSettings } from '../../../kernel/blobs/open.ts'
import type { Summary } from '../documents/summary.ts'
import type { ImportSource } from '../imports/source.ts'
import type { JobError } from '../jobs/job.ts'
import type { FetchSettings } from './fetching/fetcher.ts'

/** What an importing process is told to do, once; plain data. */
export interface ImportOrder {
  readonly source: ImportSource
  readonly blobs: BlobSettings
  /** Folder of the files that users put there. */
  readonly datasets: string
  /** Folder of uploads. */
  readonly uploads: string
  /** Folder of this import alone, for what it fetches. */
  readonly staging: string
  readonly fetching: FetchSettings
  /** Of the content, and of what is fetched. */
  readonly limitBytes: number
}

export interface ImportProgress {
  /** From 0 to 1. */
  readonly progress: number
  /** Of the source, as far as it has been read. */
  readonly bytesRead: number
  readonly documents: number
}

export interface ImportResult {
  readonly digest: string
  readonly summary: Summary
  readonly notes: readonly string[]
}

export type FromImporter =
  | ({ readonly kind: 'progress' } & ImportProgress)
  | ({ readonly kind: 'ready' } & ImportResult)
  /** It would fail the same way again. */
  | { readonly kind: 'failed'; readonly error: JobError }
