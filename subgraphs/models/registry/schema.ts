import { builder, ModelRef, ModelVersionRef, Phase } from '../builder.ts'
import { connect } from './connection.ts'
import { findModel, visibleModels } from './service.ts'

builder.asEntity(ModelRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { loaders }) => loaders.model.load(id),
})

ModelRef.implement({
  authScopes: { scope: 'models:read' },
  description: 'A name in a project, and every version trained into it.',
  fields: t => ({
    id: t.exposeID('id'),
    name: t.exposeString('name', { description: 'Matches `[a-z0-9][a-z0-9._-]{0,63}`; unique in its project.' }),
    project: t.exposeString('project'),
    latest: t.field({
      type: ModelVersionRef,
      nullable: true,
      description: 'The newest version.',
      resolve: (model, _, { loaders }) => loaders.newestVersion.load(model),
    }),
    versions: t.connection(
      {
        type: ModelVersionRef,
        description: 'Newest first.',
        resolve: ({ id }, args, { versions }) => connect(args, 'mv', page => versions.list(id, page)),
      },
      { name: 'ModelVersionConnection' },
      { name: 'ModelVersionEdge' },
    ),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

const ModelFilter = builder.inputType('ModelFilter', {
  fields: t => ({
    nameContains: t.string(),
    phase: t.field({ type: Phase, description: 'Models with a version that this phase made.' }),
    project: t.string({ description: 'For keys of all projects; otherwise it is your own.' }),
  }),
})

builder.queryFields(t => ({
  model: t.field({
    type: ModelRef,
    nullable: true,
    authScopes: { scope: 'models:read' },
    args: { name: t.arg.string({ required: true }), project: t.arg.string() },
    resolve: (_, { name, project }, { registry, identity }) => findModel(registry, identity, name, project),
  }),
  models: t.connection(
    {
      type: ModelRef,
      nullable: true,
      authScopes: { scope: 'models:read' },
      description: 'Newest first.',
      args: { filter: t.arg({ type: ModelFilter }) },
      resolve: (_, { filter, ...args }, { registry, identity }) =>
        connect(args, 'model', page => registry.list(visibleModels(identity, filter), page)),
    },
    { name: 'ModelConnection' },
    { name: 'ModelEdge' },
  ),
}))
