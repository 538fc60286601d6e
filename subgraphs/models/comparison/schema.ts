import type { TensorDifference } from '../../../engine/formats/tensor-comparison.ts'
import { builder, ModelVersionRef } from '../builder.ts'
import {
  type Comparison,
  compareVersions,
  configDifference,
  type Difference,
  metricDifference,
  tensorDifference,
} from './service.ts'

const SettingRef = builder.objectRef<Difference>('SettingDifference').implement({
  description: 'A setting that differs.',
  fields: t => ({
    name: t.exposeString('name'),
    a: t.expose('a', { type: 'JSON', nullable: true }),
    b: t.expose('b', { type: 'JSON', nullable: true }),
  }),
})

const MetricRef = builder.objectRef<ReturnType<typeof metricDifference>[number]>('MetricDifference').implement({
  fields: t => ({
    name: t.exposeString('name'),
    a: t.exposeFloat('a', { nullable: true }),
    b: t.exposeFloat('b', { nullable: true }),
    change: t.float({
      nullable: true,
      description: 'b − a.',
      resolve: ({ a, b }) => (a === null || b === null ? null : b - a),
    }),
  }),
})

const TensorRef = builder.objectRef<TensorDifference>('TensorDifference').implement({
  description: 'A tensor of the weights, in one or both. What compares its numbers is null where the shapes differ.',
  fields: t => ({
    name: t.exposeString('name'),
    shapeA: t.exposeIntList('shapeA', { nullable: true, description: 'Null where `a` has no such tensor.' }),
    shapeB: t.exposeIntList('shapeB', { nullable: true }),
    l2: t.float({ nullable: true, description: '√Σ(a − b)²', resolve: ({ distance }) => distance?.l2 }),
    cosine: t.float({
      nullable: true,
      description: 'Σab / √(Σa² Σb²); null where one is zero.',
      resolve: ({ distance }) => distance?.cosine,
    }),
    maxAbs: t.float({ nullable: true, description: 'max |a − b|', resolve: ({ distance }) => distance?.maxAbs }),
  }),
})

const ComparisonRef = builder.objectRef<Comparison>('VersionComparison').implement({
  description: 'Two versions side by side.',
  fields: t => ({
    a: t.field({ type: ModelVersionRef, resolve: ({ a }) => a }),
    b: t.field({ type: ModelVersionRef, resolve: ({ b }) => b }),
    config: t.field({ type: [SettingRef], resolve: configDifference }),
    metrics: t.field({ type: [MetricRef], resolve: metricDifference }),
    tensors: t.field({
      type: [TensorRef],
      nullable: true,
      directives: { cost: { weight: 1000 } } as never,
      description: 'In the order of names. Reads the weights of both.',
      resolve: (comparison, _, context) => tensorDifference(context, comparison),
    }),
  }),
})

builder.queryField('compareVersions', t =>
  t.field({
    type: ComparisonRef,
    nullable: true,
    authScopes: { scope: 'models:read' },
    description: 'What differs between two versions; `a` and `b` as in `modelVersion`.',
    args: { a: t.arg.string({ required: true }), b: t.arg.string({ required: true }), project: t.arg.string() },
    resolve: (_, input, context) => compareVersions(context, input),
  }),
)
