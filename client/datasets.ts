import type { Connection } from './connection.ts'
import * as documents from './generated/graphql.ts'
import { type Page, type PageInput, pageOf } from './page.ts'

export type Dataset = documents.DatasetFieldsFragment

export const datasetMethods = ({ transport, project }: Connection) => ({
  datasets: async (input: PageInput = {}): Promise<Page<Dataset>> =>
    pageOf(await transport.field(documents.DatasetsDocument, 'datasets', input)),

  createDataset: (input: documents.CreateDatasetInput): Promise<Dataset> =>
    transport.field(documents.CreateDatasetDocument, 'createDataset', { input: { project, ...input } }),

  deleteDataset: (id: string): Promise<Dataset> =>
    transport.field(documents.DeleteDatasetDocument, 'deleteDataset', { id }),
})
