import type { Connection } from './connection.ts'
import * as documents from './generated/graphql.ts'
import { type Page, type PageInput, pageOf } from './page.ts'

export type Model = documents.ModelFieldsFragment
export type ModelDetails = NonNullable<documents.ModelQuery['model']>
export type ModelVersion = NonNullable<documents.ModelVersionQuery['modelVersion']>
export type Generation = documents.GenerateMutation['generate']

export const modelMethods = ({ transport, project }: Connection) => ({
  /** A model with its newest hundred versions. */
  model: (name: string): Promise<ModelDetails> => transport.field(documents.ModelDocument, 'model', { name, project }),

  models: async (input: PageInput & { filter?: documents.ModelFilter } = {}): Promise<Page<Model>> =>
    pageOf(await transport.field(documents.ModelsDocument, 'models', input)),

  /** A version by `name/3`, `name@alias` or `name@latest`. */
  modelVersion: (ref: string): Promise<ModelVersion> =>
    transport.field(documents.ModelVersionDocument, 'modelVersion', { ref, project }),

  /** Lets `name@alias` mean the version `ref`. */
  setAlias: (ref: string, alias: string): Promise<documents.VersionFieldsFragment> =>
    transport.field(documents.SetAliasDocument, 'setAlias', { input: { ref, alias, project } }),

  /** Lets a model go on with a text. */
  generate: (input: documents.GenerateInput): Promise<Generation> =>
    transport.field(documents.GenerateDocument, 'generate', { input: { project, ...input } }),
})
