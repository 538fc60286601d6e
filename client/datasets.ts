import type { Connection } from './connection.ts'
import { ForgeError } from './errors.ts'
import * as documents from './generated/graphql.ts'
import { type Page, type PageInput, pageOf } from './page.ts'
import { pause } from './pause.ts'
import { type UploadOptions, uploadFile } from './uploads.ts'

export type Dataset = documents.DatasetFieldsFragment
export type DatasetDetails = NonNullable<documents.DatasetQuery['dataset']>
export type DatasetImport = documents.ImportFieldsFragment
export type { ImportDatasetInput } from './generated/graphql.ts'

/** Between two looks at an import, in ms. */
const lookMs = 300

export const datasetMethods = ({ transport, project }: Connection) => ({
  datasets: async (input: PageInput = {}): Promise<Page<Dataset>> =>
    pageOf(await transport.field(documents.DatasetsDocument, 'datasets', input)),

  /** A dataset, by id or name, with what it was imported from, and how some of its documents begin. */
  dataset: (ref: string): Promise<DatasetDetails> =>
    transport.field(documents.DatasetDocument, 'dataset', { id: ref, project }),

  createDataset: (input: documents.CreateDatasetInput): Promise<Dataset> =>
    transport.field(documents.CreateDatasetDocument, 'createDataset', { input: { project, ...input } }),

  /** By id or name. */
  deleteDataset: (ref: string): Promise<Dataset> =>
    transport.field(documents.DeleteDatasetDocument, 'deleteDataset', { id: ref, project }),

  /** Begins to make a dataset of files, a URL, a data set of the hub, an upload or a task; `datasetImported` awaits it. */
  importDataset: (input: documents.ImportDatasetInput): Promise<DatasetImport> =>
    transport.field(documents.ImportDatasetDocument, 'importDataset', { input: { project, ...input } }),

  datasetImport: (id: string): Promise<DatasetImport> =>
    transport.field(documents.DatasetImportDocument, 'datasetImport', { id }),

  datasetImports: async (
    input: PageInput & { status?: documents.DatasetImportStatus[] } = {},
  ): Promise<Page<DatasetImport>> =>
    pageOf(await transport.field(documents.DatasetImportsDocument, 'datasetImports', input)),

  cancelDatasetImport: (id: string): Promise<DatasetImport> =>
    transport.field(documents.CancelDatasetImportDocument, 'cancelDatasetImport', { id }),

  /** The dataset, when its import is READY. Throws the error of an import that failed, and CONFLICT for one that was cancelled. */
  async datasetImported(
    id: string,
    { onProgress, signal }: { onProgress?: (now: DatasetImport) => void; signal?: AbortSignal } = {},
  ): Promise<Dataset> {
    for (;;) {
      const now = await transport.field(documents.DatasetImportDocument, 'datasetImport', { id })
      onProgress?.(now)
      if (now.status === 'READY' && now.dataset) return now.dataset
      if (now.error) throw new ForgeError(now.error.code, now.error.message)
      if (now.status !== 'IMPORTING')
        throw new ForgeError('CONFLICT', `The import ${id} is ${now.status.toLowerCase()}.`)
      await pause(lookMs, signal)
      signal?.throwIfAborted()
    }
  },

  /** Sends a file, across losses of the connection, and answers the id to give to `importDataset`. */
  uploadFile: (path: string, options: UploadOptions = {}): Promise<string> =>
    uploadFile(transport, path, { project, ...options }),
})
