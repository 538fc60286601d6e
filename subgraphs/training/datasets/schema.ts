import { resolveCursorConnection } from '@pothos/plugin-relay'
import { pageSize } from '../../../kernel/federation.ts'
import { builder, DatasetRef, TrainingJobRef } from '../builder.ts'
import type { Sample } from '../documents/summary.ts'
import type { Page } from '../page.ts'
import { type Dataset, type DatasetTokens, isBuiltIn } from './dataset.ts'
import { chosenDataset, createDataset, deleteDataset, findDataset, listDatasets, samplesOf } from './service.ts'

const DatasetSampleRef = builder.objectRef<Sample>('DatasetSample').implement({
  fields: t => ({
    document: t.exposeFloat('document', { description: 'Its place, from 0.' }),
    text: t.exposeString('text', { description: 'Its first 400 characters.' }),
    bytes: t.exposeFloat('bytes', { description: 'Of the whole document.' }),
  }),
})

const DatasetTokensRef = builder.objectRef<DatasetTokens>('DatasetTokens').implement({
  fields: t => ({
    training: t.exposeFloat('training'),
    validation: t.exposeFloat('validation', { description: 'Kept for validation.' }),
    job: t.field({ type: TrainingJobRef, nullable: true, resolve: ({ jobId }, _, { jobs }) => jobs.find(jobId) }),
  }),
})

builder.asEntity(DatasetRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, context) => findDataset(context, context.identity, id),
})

DatasetRef.implement({
  authScopes: { scope: 'training:read' },
  description: 'What jobs train on: a text, or documents that were imported. Its content never changes.',
  fields: t => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    project: t.exposeString('project', { description: '`*` for those that come with the forge.' }),
    builtIn: t.boolean({ description: 'It comes with the forge.', resolve: isBuiltIn }),
    digest: t.exposeString('digest', { description: 'Of the content: `sha256:` and 64 hexadecimal digits.' }),
    sizeBytes: t.exposeFloat('sizeBytes'),
    characters: t.exposeFloat('characters', { description: 'Unicode code points.' }),
    documents: t.exposeFloat('documents', { description: 'A text is one.' }),
    shortestBytes: t.exposeFloat('shortestBytes', { nullable: true, description: 'Of its documents; null of a text.' }),
    longestBytes: t.exposeFloat('longestBytes', { nullable: true }),
    source: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it was imported from, and how that was read; null of a text.',
      resolve: ({ source }) => source,
    }),
    tokens: t.field({
      type: DatasetTokensRef,
      nullable: true,
      description:
        'As the newest training on it has counted them; null before the first. They depend on its tokenizer.',
      resolve: ({ id }, _, { datasets }) => datasets.tokens(id),
    }),
    samples: t.field({
      type: [DatasetSampleRef],
      description: 'How some of its documents begin, drawn at random; of a text, its beginning.',
      resolve: (dataset, _, context) => samplesOf(context, dataset),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

builder.objectField(TrainingJobRef, 'dataset', t =>
  t.field({
    type: DatasetRef,
    nullable: true,
    resolve: ({ datasetId }, _, { datasets }) => datasets.find(datasetId),
  }),
)

const byRef = 'By its id, or by its name in `project`, or else in your own.'

builder.queryFields(t => ({
  dataset: t.field({
    type: DatasetRef,
    nullable: true,
    authScopes: { scope: 'training:read' },
    description: byRef,
    args: { id: t.arg.id({ required: true }), project: t.arg.string() },
    resolve: (_, { id, project }, context) => chosenDataset(context, context.identity, id, project),
  }),
  datasets: t.connection(
    {
      type: DatasetRef,
      nullable: true,
      authScopes: { scope: 'training:read' },
      description: 'Newest first; with them those that come with the forge.',
      resolve: (_, args, context) =>
        resolveCursorConnection({ args, ...pageSize, toCursor: ({ id }: Dataset) => id }, (page: Page) =>
          listDatasets(context, context.identity, page),
        ),
    },
    { name: 'DatasetConnection' },
    { name: 'DatasetEdge' },
  ),
}))

const CreateDatasetInput = builder.inputType('CreateDatasetInput', {
  fields: t => ({
    name: t.string({ required: true, description: '`[a-z0-9][a-z0-9._-]{0,63}`' }),
    text: t.string({ description: 'The content itself, up to 4 MiB.' }),
    path: t.string({
      description: 'A UTF-8 file in the `datasets` folder of the forge, relative to it; up to 256 MiB.',
    }),
    project: t.string(),
    idempotencyKey: t.string({ description: 'The same key with the same content gives the same dataset.' }),
  }),
})

builder.mutationFields(t => ({
  createDataset: t.field({
    type: DatasetRef,
    authScopes: { scope: 'training:write' },
    description: 'Stores a text under a name. Exactly one of `text` and `path` is given.',
    args: { input: t.arg({ type: CreateDatasetInput, required: true }) },
    resolve: (_, { input }, context) => createDataset(context, context.identity, input),
  }),
  deleteDataset: t.field({
    type: DatasetRef,
    authScopes: { scope: 'training:write' },
    description: `Forgets a dataset that no job was trained on. ${byRef}`,
    args: { id: t.arg.id({ required: true }), project: t.arg.string() },
    resolve: (_, { id, project }, context) => deleteDataset(context, context.identity, id, project),
  }),
}))
