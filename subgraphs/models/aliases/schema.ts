import { builder, ModelRef, ModelVersionRef } from '../builder.ts'
import { idempotencyKeyText, once } from '../idempotency/service.ts'
import type { Alias } from './ports.ts'
import { removeAlias, setAlias } from './service.ts'

const ModelAlias = builder.objectRef<Alias>('ModelAlias').implement({
  description: 'A name that moves from version to version: `name@alias` refers to the version that it names now.',
  fields: t => ({
    name: t.exposeString('name'),
    version: t.field({
      type: ModelVersionRef,
      nullable: true,
      resolve: ({ versionId }, _, { loaders }) => loaders.version.load(versionId),
    }),
  }),
})

builder.objectField(ModelRef, 'aliases', t =>
  t.field({ type: [ModelAlias], resolve: ({ id }, _, { loaders }) => loaders.aliasesOfModel.load(id) }),
)

builder.objectField(ModelVersionRef, 'aliases', t =>
  t.stringList({
    description: 'The aliases that name this version now.',
    resolve: async ({ id }, _, { loaders }) => (await loaders.aliasesOfVersion.load(id)).map(({ name }) => name),
  }),
)

const SetAliasInput = builder.inputType('SetAliasInput', {
  fields: t => ({
    ref: t.string({ required: true, description: 'The version to name, as in `modelVersion`.' }),
    alias: t.string({ required: true, description: 'Named as models are; `latest` is taken.' }),
    expected: t.string({
      description:
        'The version that the alias must name now (`name/2`), or `none`; otherwise it is a CONFLICT. Left out, any.',
    }),
    project: t.string(),
    idempotencyKey: t.string({ description: idempotencyKeyText }),
  }),
})

const RemoveAliasInput = builder.inputType('RemoveAliasInput', {
  fields: t => ({
    model: t.string({ required: true, description: 'The name of the model.' }),
    alias: t.string({ required: true }),
    project: t.string(),
    idempotencyKey: t.string({ description: idempotencyKeyText }),
  }),
})

builder.mutationFields(t => ({
  setAlias: t.field({
    type: ModelVersionRef,
    authScopes: { scope: 'models:write' },
    description: 'Makes `name@alias` refer to this version from now on.',
    args: { input: t.arg({ type: SetAliasInput, required: true }) },
    resolve: (_, { input }, context) =>
      once(
        context,
        'setAlias',
        input,
        () => setAlias(context, input),
        id => context.loaders.version.load(id),
      ),
  }),
  removeAlias: t.field({
    type: ModelRef,
    authScopes: { scope: 'models:write' },
    description: 'Takes an alias away; the version that it named stays.',
    args: { input: t.arg({ type: RemoveAliasInput, required: true }) },
    resolve: (_, { input }, context) =>
      once(
        context,
        'removeAlias',
        input,
        () => removeAlias(context, input),
        id => context.loaders.model.load(id),
      ),
  }),
}))
