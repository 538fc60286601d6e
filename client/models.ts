import { createHash } from 'node:crypto'
import type { Connection } from './connection.ts'
import { refusal } from './file-download.ts'
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

  /** Lets `name@alias` mean the version `ref`; a CONFLICT unless it names `expected` (`none`: nothing) until then. */
  setAlias: (ref: string, alias: string, expected?: string): Promise<documents.VersionFieldsFragment> =>
    transport.field(documents.SetAliasDocument, 'setAlias', { input: { ref, alias, expected, project } }),

  /** The card in Markdown and the curve of the loss as SVG. */
  modelCard: (ref: string) => transport.field(documents.ModelCardDocument, 'modelVersion', { ref, project }),

  compareVersions: (a: string, b: string) =>
    transport.field(documents.CompareVersionsDocument, 'compareVersions', { a, b, project }),

  /** What deleting these versions would remove, and who depends on them. */
  deletionPreview: (refs: string[]) =>
    transport.field(documents.DeletionPreviewDocument, 'deletionPreview', { refs, project }),

  /** Deletes what a preview has shown; `token` is the preview's. */
  deleteVersions: (refs: string[], token: string, reason?: string): Promise<documents.DeletionFieldsFragment> =>
    transport.field(documents.DeleteModelVersionsDocument, 'deleteModelVersions', {
      input: { refs, token, reason, project },
    }),

  /** What was deleted, the newest first. */
  deletions: async (input: PageInput = {}): Promise<Page<documents.DeletionFieldsFragment>> =>
    pageOf(await transport.field(documents.ModelDeletionsDocument, 'modelDeletions', { ...input, project })),

  undoDeletion: (id: string): Promise<documents.DeletionFieldsFragment> =>
    transport.field(documents.UndoDeletionDocument, 'undoDeletion', { id }),

  purgeDeletion: (id: string): Promise<documents.DeletionFieldsFragment> =>
    transport.field(documents.PurgeDeletionDocument, 'purgeDeletion', { id }),

  /**
   * Stores the files of a Llama-layout folder (config, tokenizer, weights in F32) and registers them as the next version
   * of the model `name`; `from` says where they come from, and is signed. A blob of a file (`openAsBlob` of `node:fs`) is
   * never whole in memory.
   */
  async importFiles(
    name: string,
    files: Readonly<Record<string, Uint8Array | Blob>>,
    { from, phase = 'COGNATE' }: { from: string; phase?: documents.Phase },
  ): Promise<documents.VersionFieldsFragment> {
    const sent = []
    for (const [path, given] of Object.entries(files)) {
      const content = given instanceof Blob ? given : new Blob([given as Uint8Array<ArrayBuffer>])
      const hash = createHash('sha256')
      for await (const part of content.stream()) hash.update(part)
      const digest = `sha256:${hash.digest('hex')}`
      const response = await transport.put(`/artifacts/blobs/${digest}`, content)
      if (!response.ok) throw await refusal(response, path)
      await response.body?.cancel()
      sent.push({ path, digest, sizeBytes: content.size })
    }
    return transport.field(documents.ImportModelDocument, 'importModel', {
      input: { name, files: sent, from, phase, project },
    })
  },

  /** Changes what people write about a version. */
  updateVersion: (input: documents.UpdateModelVersionInput) =>
    transport.field(documents.UpdateModelVersionDocument, 'updateModelVersion', { input: { project, ...input } }),

  /** Lets a model go on with a text. */
  generate: (input: documents.GenerateInput): Promise<Generation> =>
    transport.field(documents.GenerateDocument, 'generate', { input: { project, ...input } }),
})
