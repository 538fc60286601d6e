import { builder, ModelRef, ModelVersionRef } from '../builder.ts'
import { idempotencyKeyText, once } from '../idempotency/service.ts'
import { labelModel, labelVersion } from './service.ts'

const tagsText = 'Tags like `lang:en`; those that are there already are no error.'

const UpdateModelInput = builder.inputType('UpdateModelInput', {
  fields: t => ({
    name: t.string({ required: true }),
    description: t.string({ description: 'Markdown; left out, it stays.' }),
    addTags: t.stringList({ description: tagsText }),
    removeTags: t.stringList(),
    project: t.string(),
    idempotencyKey: t.string({ description: idempotencyKeyText }),
  }),
})

const UpdateModelVersionInput = builder.inputType('UpdateModelVersionInput', {
  fields: t => ({
    ref: t.string({ required: true, description: 'As in `modelVersion`.' }),
    description: t.string({ description: 'Markdown; left out, it stays.' }),
    addTags: t.stringList({ description: tagsText }),
    removeTags: t.stringList(),
    project: t.string(),
    idempotencyKey: t.string({ description: idempotencyKeyText }),
  }),
})

builder.mutationFields(t => ({
  updateModel: t.field({
    type: ModelRef,
    authScopes: { scope: 'models:write' },
    description: 'Changes the description and the tags of a model.',
    args: { input: t.arg({ type: UpdateModelInput, required: true }) },
    resolve: (_, { input }, context) =>
      once(
        context,
        'updateModel',
        input,
        () => labelModel(context, input),
        id => context.loaders.model.load(id),
      ),
  }),
  updateModelVersion: t.field({
    type: ModelVersionRef,
    authScopes: { scope: 'models:write' },
    description: 'Changes the description and the tags of a version; what is signed of it never changes.',
    args: { input: t.arg({ type: UpdateModelVersionInput, required: true }) },
    resolve: (_, { input }, context) =>
      once(
        context,
        'updateModelVersion',
        input,
        () => labelVersion(context, input),
        id => context.loaders.version.load(id),
      ),
  }),
}))
