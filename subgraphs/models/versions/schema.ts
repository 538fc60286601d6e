import type { MetricValue } from '../../../schema/values.ts'
import { artifactUrl } from '../artifacts/artifact.ts'
import { signedLink } from '../artifacts/link.ts'
import { builder, ModelRef, ModelVersionRef, Phase } from '../builder.ts'
import { parentsOf, resolveRef } from './service.ts'
import type { VersionFile } from './version.ts'

const MetricValueRef = builder.objectRef<MetricValue>('MetricValue').implement({
  directives: { shareable: true },
  description: 'The newest value of one metric. Names are values: `loss`, `validation_loss`, `tokens_per_second`, …',
  fields: t => ({ name: t.exposeString('name'), value: t.exposeFloat('value') }),
})

const ModelFileRef = builder.objectRef<VersionFile>('ModelFile').implement({
  description: 'A stored file of a model version.',
  fields: t => ({
    path: t.exposeString('path'),
    sizeBytes: t.exposeFloat('sizeBytes'),
    digest: t.exposeString('digest', { description: '`sha256:` and 64 hexadecimal digits, over the bytes.' }),
    url: t.string({
      description:
        'Where its bytes are, relative to the origin of this graph; the same key opens both. It answers ranges, and its `ETag` is the digest.',
      resolve: ({ versionId, path }) => artifactUrl(versionId, path),
    }),
    link: t.string({
      description:
        'The same, signed: it opens this one file without a key, with ranges, until so many seconds from now.',
      args: { seconds: t.arg.int({ required: true, defaultValue: 3600 }) },
      resolve: (file, { seconds }, { signer, now }) => signedLink(signer, file, seconds, now()),
    }),
  }),
})

const TrainingJob = builder.externalRef('TrainingJob', builder.selection<{ id: string }>('id')).implement({
  externalFields: t => ({ id: t.id() }),
  fields: t => ({
    output: t.field({
      type: ModelVersionRef,
      nullable: true,
      authScopes: { scope: 'models:read' },
      description: 'The model version that the job made, from the moment it is registered.',
      resolve: ({ id }, _, { loaders }) => loaders.versionOfJob.load(id),
    }),
  }),
})

builder.asEntity(ModelVersionRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { loaders }) => loaders.version.load(id),
})

ModelVersionRef.implement({
  authScopes: { scope: 'models:read' },
  description:
    'What one job made, or an import brought. It never changes; training into the same name adds the next version.',
  fields: t => ({
    id: t.exposeID('id'),
    model: t.field({
      type: ModelRef,
      resolve: async ({ modelId }, _, { loaders }) => (await loaders.model.load(modelId))!,
    }),
    number: t.exposeInt('number', { description: 'Counts from 1 within the model.' }),
    ref: t.string({
      description: 'What `modelVersion` and `generate` take: `name/3`.',
      resolve: async ({ modelId, number }, _, { loaders }) => `${(await loaders.model.load(modelId))!.name}/${number}`,
    }),
    phase: t.expose('phase', { type: Phase }),
    parameterCount: t.exposeInt('parameterCount', { description: 'Trained numbers; a tied embedding counts once.' }),
    sizeBytes: t.exposeFloat('sizeBytes', { description: 'Of all files.' }),
    digest: t.exposeString('digest', {
      description: 'SHA-256 over the list of files as `sha256sum` prints it, in the order of paths.',
    }),
    architecture: t.expose('architecture', { type: 'JSON' }),
    metrics: t.field({ type: [MetricValueRef], resolve: ({ metrics }) => metrics }),
    parents: t.field({
      type: [ModelVersionRef],
      description: 'The versions that it was made from.',
      resolve: (version, _, { loaders }) => parentsOf(version, loaders),
    }),
    files: t.field({
      type: [ModelFileRef],
      description: 'In the order of paths.',
      resolve: ({ id }, _, { loaders }) => loaders.files.load(id),
    }),
    children: t.field({
      type: [ModelVersionRef],
      description: 'The versions that were made from it, oldest first; at most about 100.',
      resolve: ({ id }, _, { loaders }) => loaders.childrenOf.load(id),
    }),
    description: t.exposeString('description', { description: 'What people wrote about it; not signed.' }),
    tags: t.exposeStringList('tags'),
    datasetFingerprint: t.string({
      nullable: true,
      description: 'SHA-256 of the text that it was trained on.',
      resolve: ({ dataset }) => dataset?.fingerprint ?? null,
    }),
    runId: t.exposeID('runId', { nullable: true, description: 'The pipeline run that it belongs to.' }),
    stepName: t.exposeString('stepName', { nullable: true, description: 'The step of that run.' }),
    source: t.string({
      nullable: true,
      description: 'Where it was imported from; null where a job made it.',
      resolve: ({ source }) => source?.from ?? null,
    }),
    job: t.field({ type: TrainingJob, nullable: true, resolve: ({ jobId }) => (jobId ? { id: jobId } : null) }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

builder.queryField('modelVersion', t =>
  t.field({
    type: ModelVersionRef,
    nullable: true,
    authScopes: { scope: 'models:read' },
    description: 'The version that `name/3`, `name@alias` or `name@latest` refers to; `name` alone means the latest.',
    args: { ref: t.arg.string({ required: true }), project: t.arg.string() },
    resolve: (_, { ref, project }, context) => resolveRef(context, ref, project),
  }),
)
