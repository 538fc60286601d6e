import { resolveCursorConnection } from '@pothos/plugin-relay'
import { pageSize } from '../../../kernel/federation.ts'
import { builder, DatasetRef } from '../builder.ts'
import type { Page } from '../page.ts'
import { importNotFound } from './errors.ts'
import { type DatasetImport, importStatuses } from './import.ts'
import { cancelImport, findImport, importDataset, listImports } from './service.ts'
import { dataFormats, textUnits } from './source.ts'

const ImportStatusRef = builder.enumType('DatasetImportStatus', { values: importStatuses })
const DataFormatRef = builder.enumType('DataFormat', { values: dataFormats, description: 'TEXT is UTF-8.' })
const TextUnitRef = builder.enumType('TextUnit', {
  values: textUnits,
  description: 'What a document is in a file of text.',
})

const ImportErrorRef = builder
  .objectRef<NonNullable<DatasetImport['error']>>('DatasetImportError')
  .implement({ fields: t => ({ code: t.exposeString('code'), message: t.exposeString('message') }) })

const DatasetImportRef = builder.objectRef<DatasetImport>('DatasetImport')
builder.asEntity(DatasetImportRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, context) => findImport(context, context.identity, id),
})

DatasetImportRef.implement({
  authScopes: { scope: 'training:read' },
  description:
    'A dataset in the making. The dataset appears, whole, when this is READY; before, nothing of it is there.',
  fields: t => ({
    id: t.exposeID('id'),
    project: t.exposeString('project'),
    name: t.exposeString('name', { description: 'Of the dataset.' }),
    status: t.expose('status', { type: ImportStatusRef }),
    source: t.field({
      type: 'JSON',
      description: 'Where it comes from and how it is read, with all defaults.',
      resolve: ({ source }) => source,
    }),
    progress: t.exposeFloat('progress', { description: 'From 0 to 1.' }),
    bytesRead: t.exposeFloat('bytesRead', { description: 'Of the source, before it is unpacked.' }),
    documents: t.exposeFloat('documents', { description: 'So far.' }),
    notes: t.exposeStringList('notes', { description: 'What was passed over, and why.' }),
    error: t.expose('error', { type: ImportErrorRef, nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    dataset: t.field({
      type: DatasetRef,
      nullable: true,
      description: 'What it made; null before, and after the dataset was deleted.',
      resolve: ({ datasetId }, _, { datasets }) => (datasetId === null ? null : datasets.find(datasetId)),
    }),
  }),
})

builder.queryFields(t => ({
  datasetImport: t.field({
    type: DatasetImportRef,
    nullable: true,
    authScopes: { scope: 'training:read' },
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, context) => {
      const found = await findImport(context, context.identity, id)
      if (!found) throw importNotFound(id)
      return found
    },
  }),
  datasetImports: t.connection(
    {
      type: DatasetImportRef,
      nullable: true,
      authScopes: { scope: 'training:read' },
      description: 'Newest first.',
      args: { status: t.arg({ type: [ImportStatusRef] }) },
      resolve: (_, { status, ...args }, context) =>
        resolveCursorConnection({ args, ...pageSize, toCursor: ({ id }: DatasetImport) => id }, (page: Page) =>
          listImports(context, context.identity, status ?? null, page),
        ),
    },
    { name: 'DatasetImportConnection' },
    { name: 'DatasetImportEdge' },
  ),
}))

const DatasetFilesInput = builder.inputType('DatasetFilesInput', {
  fields: t => ({
    paths: t.stringList({
      required: true,
      description:
        'Files, folders and globs, relative to the `datasets` folder of the forge; `!` before one takes it away.',
    }),
    gitignore: t.boolean({ defaultValue: true, description: 'Leave out what .gitignore files in the folder name.' }),
  }),
})

const sha256Text = 'Of the file, 64 hexadecimal digits; with another the import fails.'

const DatasetUrlInput = builder.inputType('DatasetUrlInput', {
  fields: t => ({
    url: t.string({
      required: true,
      description: 'http or https, of a public address, or of a host that the operator trusts (FORGE_IMPORT_HOSTS).',
    }),
    sha256: t.string({ description: sha256Text }),
  }),
})

const DatasetHubInput = builder.inputType('DatasetHubInput', {
  fields: t => ({
    id: t.string({ required: true, description: '`owner/name` of a public data set of the Hugging Face hub.' }),
    revision: t.string({ defaultValue: 'main', description: 'Branch, tag or commit.' }),
    files: t.stringList({
      description: 'Globs; without any, all files in Parquet, else all in JSONL, else all of .txt.',
    }),
  }),
})

const DatasetUploadInput = builder.inputType('DatasetUploadInput', {
  fields: t => ({
    id: t.string({
      required: true,
      description: 'Of what was sent to `/uploads` by tus; it is removed when all is read.',
    }),
    sha256: t.string({ description: sha256Text }),
  }),
})

const ImportDatasetInput = builder.inputType('ImportDatasetInput', {
  fields: t => ({
    name: t.string({ required: true, description: '`[a-z0-9][a-z0-9._-]{0,63}`' }),
    files: t.field({ type: DatasetFilesInput }),
    url: t.field({ type: DatasetUrlInput }),
    hub: t.field({ type: DatasetHubInput }),
    upload: t.field({ type: DatasetUploadInput }),
    task: t.field({
      type: 'JSON',
      description:
        'Examples that are made: `{"kind": "MODULAR_ARITHMETIC", "operation": "x*y", "prime": 97}`, COPY, SORT or ARITHMETIC_WORDS.',
    }),
    format: t.field({
      type: DataFormatRef,
      description: 'By the name of each file unless given; .gz and .zst are unpacked.',
    }),
    unit: t.field({ type: TextUnitRef, description: 'FILE unless given.' }),
    field: t.string({
      description: 'Of JSONL and Parquet, names between dots; `text`, or else `messages`, unless given.',
    }),
    template: t.string({
      description: 'How `messages` become a text: PLAIN (unless given), CHATML, LLAMA3, or a chat template in Jinja.',
    }),
    project: t.string(),
    idempotencyKey: t.string({ description: 'The same key with the same request gives the same import.' }),
  }),
})

builder.mutationFields(t => ({
  importDataset: t.field({
    type: DatasetImportRef,
    authScopes: { scope: 'training:write' },
    description: 'Makes a dataset in the background, of exactly one of `files`, `url`, `hub`, `upload` and `task`.',
    args: { input: t.arg({ type: ImportDatasetInput, required: true }) },
    resolve: (_, { input: { name, project, idempotencyKey, ...settings } }, context) =>
      importDataset(context, context.identity, { name, project, idempotencyKey, settings }),
  }),
  cancelDatasetImport: t.field({
    type: DatasetImportRef,
    authScopes: { scope: 'training:write' },
    description: 'Ends an import; of what it has read nothing stays.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, context) => cancelImport(context, context.identity, id),
  }),
}))
