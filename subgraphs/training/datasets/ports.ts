import type { Readable } from 'node:stream'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { Page } from '../page.ts'
import type { Dataset, DatasetTokens } from './dataset.ts'

export interface Datasets {
  find(id: string): Promise<Dataset | null>
  /** By id or name, in the project first and then among those that come with the forge. */
  resolve(project: string, ref: string): Promise<Dataset | null>
  /** Those of the project (of all where it is `*`) and those that come with the forge. */
  list(project: string, page: Page): Promise<readonly Dataset[]>
  /** Adds the dataset, or answers the one that has its idempotency key or its name in the project already. */
  add(dataset: Dataset): Promise<Dataset>
  /** Null before a training has tokenized it. */
  tokens(id: string): Promise<DatasetTokens | null>
  /** Says that what was stored for this one, which is not added, is to be collected unless somebody else has it. */
  drop(dataset: Dataset): Promise<void>
  /** Removes and drops it; false when a job depends on it. */
  remove(dataset: Dataset): Promise<boolean>
}

export interface DatasetFiles {
  /** The file at `path` inside the datasets folder; throws INVALID_INPUT for anything else. */
  open(path: string): Promise<Readable>
}

export interface DatasetParts {
  readonly datasets: Datasets
  readonly datasetFiles: DatasetFiles
  readonly blobs: Blobs
  readonly now: () => Date
}
