import type { Dataset } from '../datasets/dataset.ts'
import type { DatasetParts } from '../datasets/ports.ts'
import type { JobError } from '../jobs/job.ts'
import type { Page } from '../page.ts'
import type { Uploads } from '../uploads/ports.ts'
import type { DatasetImport, ImportStatus } from './import.ts'

export interface Imports {
  find(id: string): Promise<DatasetImport | null>
  list(project: string, status: readonly ImportStatus[] | null, page: Page): Promise<readonly DatasetImport[]>
  /** Adds the import, or answers the one that has its idempotency key, or that is making a dataset of its name. */
  add(added: DatasetImport): Promise<DatasetImport>
  /** Those that are to be done, oldest first. */
  waiting(): Promise<readonly DatasetImport[]>
  /** False when it is no longer IMPORTING. */
  progress(id: string, progress: Pick<DatasetImport, 'progress' | 'bytesRead' | 'documents'>): Promise<boolean>
  /** Adds the dataset and ends the import, both or neither; answers the dataset that has its name. Null when it has ended. */
  complete(id: string, dataset: Dataset, notes: readonly string[], at: Date): Promise<Dataset | null>
  /** False when it had ended before. */
  end(id: string, status: 'FAILED' | 'CANCELLED', error: JobError | null, at: Date): Promise<boolean>
  /** Counts a process that was lost; answers how many there were. */
  crashed(id: string): Promise<number>
}

export interface ImportParts extends DatasetParts {
  readonly imports: Imports
  readonly uploads: Uploads
}
