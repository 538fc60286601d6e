import { builder, ModelRef, ModelVersionRef } from '../builder.ts'
import { idempotencyKeyText, once } from '../idempotency/service.ts'
import type { Rule } from './ports.ts'
import { ruleOf, setRetention, surplusOf } from './service.ts'

const RetentionRef = builder.objectRef<Rule>('ModelRetention').implement({
  description: 'Which versions stay: the best by a metric, the newest, and those that an alias names.',
  fields: t => ({
    keepBest: t.exposeInt('keepBest'),
    metric: t.exposeString('metric'),
    largest: t.exposeBoolean('largest', { description: 'False where the smallest value is the best.' }),
  }),
})

builder.objectFields(ModelRef, t => ({
  retention: t.field({
    type: RetentionRef,
    nullable: true,
    description: 'Null where all versions stay.',
    resolve: ruleOf,
  }),
  surplus: t.field({
    type: [ModelVersionRef],
    description: 'Versions that the rule takes away when the next one is registered.',
    resolve: (model, _, context) => surplusOf(context, model),
  }),
}))

const SetRetentionInput = builder.inputType('SetRetentionInput', {
  fields: t => ({
    model: t.string({ required: true }),
    keepBest: t.int({ description: 'How many stay; left out, all.' }),
    metric: t.string({ required: true, defaultValue: 'validation_loss' }),
    largest: t.boolean({ required: true, defaultValue: false }),
    project: t.string(),
    idempotencyKey: t.string({ description: idempotencyKeyText }),
  }),
})

builder.mutationField('setRetention', t =>
  t.field({
    type: ModelRef,
    authScopes: { scope: 'models:write' },
    description: 'Sets which versions stay, and applies it; what goes can be undone like any deletion.',
    args: { input: t.arg({ type: SetRetentionInput, required: true }) },
    resolve: (_, { input }, context) =>
      once(
        context,
        'setRetention',
        input,
        () => setRetention(context, input),
        id => context.loaders.model.load(id),
      ),
  }),
)
