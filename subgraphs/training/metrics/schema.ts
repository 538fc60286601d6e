import { builder, MetricSeriesRef, MetricValueRef, TrainingJobRef } from '../builder.ts'
import type { Point } from './points.ts'
import { readMetrics, secondsLeft } from './service.ts'

MetricValueRef.implement({
  directives: { shareable: true },
  description: 'The newest value of one metric. Names are values: `loss`, `validation_loss`, `tokens_per_second`, …',
  fields: t => ({ name: t.exposeString('name'), value: t.exposeFloat('value') }),
})

const MetricPointRef = builder.objectRef<Point & { readonly name: string }>('MetricPoint').implement({
  directives: { shareable: true },
  description: 'A measured value of one metric.',
  fields: t => ({
    name: t.exposeString('name'),
    step: t.exposeInt('step'),
    value: t.exposeFloat('value'),
    at: t.expose('at', { type: 'DateTime' }),
  }),
})

MetricSeriesRef.implement({
  description: 'What was measured of one metric.',
  fields: t => ({
    name: t.exposeString('name'),
    points: t.field({
      type: [MetricPointRef],
      description: 'By step.',
      resolve: ({ name, points }) => points.map(point => ({ name, ...point })),
    }),
  }),
})

builder.objectFields(TrainingJobRef, t => ({
  metrics: t.field({
    type: [MetricSeriesRef],
    description: 'By name. A series of more than `maxPoints` is thinned so that its spikes stay.',
    args: { names: t.arg.stringList(), maxPoints: t.arg.int({ defaultValue: 500 }) },
    resolve: ({ id }, { names, maxPoints }, context) =>
      readMetrics(context, id, { names, maxPoints: maxPoints ?? 500 }),
  }),
  secondsLeft: t.float({
    nullable: true,
    description: 'Until its last step, at its present pace; null while it does not run, or has made no step yet.',
    resolve: (job, _, context) => secondsLeft(context, job),
  }),
  latest: t.field({
    type: [MetricValueRef],
    description: 'The newest value of each metric.',
    resolve: ({ id }, _, { metrics }) => metrics.newest(id),
  }),
}))
