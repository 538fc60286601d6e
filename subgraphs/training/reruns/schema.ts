import { builder, TrainingJobRef } from '../builder.ts'
import { findJob } from '../jobs/service.ts'
import type { Comparison, Difference } from './comparison.ts'
import { comparisonOf, rerunJob } from './service.ts'

const Verdict = builder.enumType('RerunVerdict', {
  values: {
    IDENTICAL: {
      description:
        'Every loss of every step has the same bits, and the weights have the same digest; of a job that was cancelled or crashed, as far as it came.',
    },
    DIFFERENT: {},
  },
})

const DifferenceRef = builder.objectRef<Difference>('RerunDifference').implement({
  description: 'The first step at which a rerun differs from what it repeats.',
  fields: t => ({
    step: t.exposeInt('step'),
    metric: t.exposeString('metric', { description: '`loss` or `validation_loss`.' }),
    origin: t.exposeFloat('origin', { nullable: true, description: 'Null where it has no value at this step.' }),
    rerun: t.exposeFloat('rerun', { nullable: true, description: 'Null where it has no value at this step.' }),
  }),
})

const ComparisonRef = builder.objectRef<Comparison>('RerunComparison').implement({
  description: 'A rerun beside the job that it repeats.',
  fields: t => ({
    verdict: t.expose('verdict', { type: Verdict }),
    comparedSteps: t.exposeInt('comparedSteps', { description: 'Steps whose loss both have.' }),
    firstDifference: t.expose('firstDifference', { type: DifferenceRef, nullable: true }),
    originWeights: t.exposeString('originWeights', { nullable: true, description: 'Digest of the weights.' }),
    rerunWeights: t.exposeString('rerunWeights', { nullable: true, description: 'Digest of the weights.' }),
  }),
})

builder.objectFields(TrainingJobRef, t => ({
  rerunOf: t.field({
    type: TrainingJobRef,
    nullable: true,
    description: 'The job that this one does again.',
    resolve: ({ rerunOf }, _, context) => (rerunOf === null ? null : findJob(context, context.identity, rerunOf)),
  }),
  comparison: t.field({
    type: ComparisonRef,
    nullable: true,
    description: 'What a rerun has shown, once it has ended.',
    resolve: (job, _, context) => comparisonOf(context, job),
  }),
}))

builder.mutationField('rerunJob', t =>
  t.field({
    type: TrainingJobRef,
    authScopes: { scope: 'training:write' },
    description: `Does a finished job again, with the same settings, seed, data and executor, to see whether it comes to the same:
\`comparison\` says so at its end. What it makes becomes no version. One that time or a person ended is repeated up to the same step.`,
    args: { id: t.arg.id({ required: true }), idempotencyKey: t.arg.string() },
    resolve: (_, { id, idempotencyKey }, context) => rerunJob(context, context.identity, id, idempotencyKey),
  }),
)
