import { builder, TrainingJobRef } from '../builder.ts'
import { cognateRequest, StartCognateInput } from '../cognate/schema.ts'
import { type CognateGroup, type GroupMetric, groupProgress } from './group.ts'
import { filteredJob, findGroup, groupMetrics, startCognateGroup } from './service.ts'

const GroupMetricRef = builder.objectRef<GroupMetric>('GroupMetric').implement({
  description: 'The newest value of one metric over siblings: mean ± spread.',
  fields: t => ({
    name: t.exposeString('name'),
    siblings: t.exposeInt('siblings', { description: 'How many have it.' }),
    mean: t.exposeFloat('mean'),
    spread: t.exposeFloat('spread', { description: 'Sample standard deviation; 0 of a single sibling.' }),
    least: t.exposeFloat('least'),
    most: t.exposeFloat('most'),
  }),
})

const CognateGroupRef = builder.objectRef<CognateGroup>('CognateGroup')
builder.asEntity(CognateGroupRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, context) => findGroup(context, context.identity, id),
})

CognateGroupRef.implement({
  authScopes: { scope: 'training:read' },
  description:
    'Trainings of one recipe and data that differ by their seed alone, so that chance can be told from gain.',
  fields: t => ({
    id: t.exposeID('id'),
    project: t.exposeString('project'),
    jobs: t.field({ type: [TrainingJobRef], description: 'By the order of the seeds.', resolve: ({ jobs }) => jobs }),
    progress: t.float({ description: 'From 0 to 1, of all together.', resolve: groupProgress }),
    summary: t.field({
      type: [GroupMetricRef],
      description: 'By the order of the names; what no sibling has measured is left out.',
      args: { names: t.arg.stringList({ defaultValue: ['loss', 'validation_loss'] }) },
      resolve: (group, { names }, context) => groupMetrics(context, group, names ?? []),
    }),
  }),
})

builder.queryField('cognateGroup', t =>
  t.field({
    type: CognateGroupRef,
    nullable: true,
    authScopes: { scope: 'training:read' },
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, context) => findGroup(context, context.identity, id),
  }),
)

builder.mutationField('startCognateGroup', t =>
  t.field({
    type: CognateGroupRef,
    authScopes: { scope: 'training:write' },
    description: 'Pretrains siblings: one model per seed, each named `modelName` and its seed.',
    args: {
      input: t.arg({ type: StartCognateInput, required: true }),
      seeds: t.arg.intList({ description: '2 to 16; 42, 1337 and 2023 unless given.' }),
    },
    resolve: (_, { input, seeds }, context) =>
      startCognateGroup(context, context.identity, cognateRequest(input), seeds ?? undefined),
  }),
)

builder.objectFields(TrainingJobRef, t => ({
  group: t.field({
    type: CognateGroupRef,
    nullable: true,
    description: 'Its siblings, itself among them.',
    resolve: ({ groupId }, _, context) => (groupId === null ? null : findGroup(context, context.identity, groupId)),
  }),
  control: t.field({
    type: TrainingJobRef,
    nullable: true,
    description: 'The same training without its gradient filter, where `control` asked for it.',
    resolve: ({ id }, _, { groups }) => groups.controlOf(id),
  }),
  controlOf: t.field({
    type: TrainingJobRef,
    nullable: true,
    description: 'The training with the filter that this one is the control of.',
    resolve: (job, _, context) => filteredJob(context, job),
  }),
}))
