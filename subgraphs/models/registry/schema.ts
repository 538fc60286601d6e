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
    description: t.exposeString('description'),
    tags: t.exposeStringList('tags'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

const MetricFilter = builder.inputType('MetricFilter', {
  description: 'Versions that have this metric, within the bounds.',
  fields: t => ({ name: t.string({ required: true }), atLeast: t.float(), atMost: t.float() }),
})

const ModelFilter = builder.inputType('ModelFilter', {
  description: 'What is said of versions holds for one and the same version.',
  fields: t => ({
    nameContains: t.string(),
    phase: t.field({ type: Phase, description: 'Models with a version that this phase made.' }),
    tags: t.stringList({ description: 'Models that have all of these tags themselves.' }),
    versionTags: t.stringList({ description: 'Models with a version that has all of these tags.' }),
    metrics: t.field({ type: [MetricFilter], description: 'Models with a version for which all of these hold.' }),
    parentId: t.id({ description: 'Models with a version that was made from the version with this id.' }),
    runId: t.id({ description: 'Models with a version that this pipeline run made.' }),
    datasetFingerprint: t.string({ description: 'Models with a version that was trained on this text.' }),
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
