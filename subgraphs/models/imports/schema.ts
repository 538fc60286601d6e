import { builder, ModelVersionRef, Phase } from '../builder.ts'
import { idempotencyKeyText, once } from '../idempotency/service.ts'
import { importVersion } from './service.ts'

const ModelFileInput = builder.inputType('ModelFileInput', {
  fields: t => ({
    path: t.string({ required: true }),
    digest: t.string({ required: true, description: '`sha256:` and 64 hexadecimal digits, over the bytes.' }),
    sizeBytes: t.float({ required: true }),
  }),
})

const ImportModelInput = builder.inputType('ImportModelInput', {
  fields: t => ({
    name: t.string({ required: true, description: 'The model that it becomes a version of; made if it is new.' }),
    files: t.field({
      type: [ModelFileInput],
      required: true,
      description: 'Of a Llama-layout folder, F32; each was sent before by `PUT /artifacts/blobs/DIGEST`.',
    }),
    from: t.string({ required: true, description: 'Where it comes from; signed with the version.' }),
    phase: t.field({
      type: Phase,
      required: true,
      defaultValue: 'COGNATE',
      description: 'The phase whose product it stands for.',
    }),
    parents: t.idList({ description: 'Ids of versions that it was made from, elsewhere.' }),
    project: t.string(),
    idempotencyKey: t.string({ description: idempotencyKeyText }),
  }),
})

builder.mutationField('importModel', t =>
  t.field({
    type: ModelVersionRef,
    authScopes: { scope: 'models:write' },
    description: 'Registers a model that was made elsewhere as a version like any other.',
    args: { input: t.arg({ type: ImportModelInput, required: true }) },
    resolve: (_, { input }, context) =>
      once(
        context,
        'importModel',
        input,
        () => importVersion(context, input),
        id => context.loaders.version.load(id),
      ),
  }),
)
