import { builder, Preset, TrainingJobRef } from '../builder.ts'
import { startCognate } from './service.ts'

const ModelSizes = builder.inputType('ModelSizes', {
  description: 'Sizes of a Llama-shaped decoder; those left out are the preset’s, or follow from those given.',
  fields: t => ({
    vocabulary: t.int({ description: 'Tokens, at least 257.' }),
    width: t.int({ description: 'A multiple of `heads`; 32, 64, … suit the kernels.' }),
    layers: t.int(),
    heads: t.int(),
    keyValueHeads: t.int({ description: 'Divides `heads`; as many unless given.' }),
    feedForward: t.int({ description: 'About 8/3 of the width unless given.' }),
    tiedEmbeddings: t.boolean({ description: 'The embedding is the output projection too.' }),
  }),
})

const GrokfastKind = builder.enumType('GrokfastKind', {
  description: 'Filters that amplify the slow part of the gradient (Lee et al. 2024).',
  values: { NONE: {}, EMA: { description: 'An exponential average.' }, MA: { description: 'A window of gradients.' } },
})

const GrokfastInput = builder.inputType('GrokfastInput', {
  fields: t => ({
    kind: t.field({ type: GrokfastKind, required: true }),
    alpha: t.float({ description: 'EMA: share of the average kept at a step; 0.98 unless given.' }),
    lambda: t.float({ description: 'Weight of the slow part; 2 with EMA and 5 with MA unless given.' }),
    window: t.int({ description: 'MA: gradients remembered; 100 unless given.' }),
  }),
})

const StartCognateInput = builder.inputType('StartCognateInput', {
  fields: t => ({
    modelName: t.string({ description: '`[a-z0-9][a-z0-9._-]{0,63}`; `cognate-` and the preset unless given.' }),
    preset: t.field({
      type: Preset,
      description: 'NANO unless given: 1 M parameters; MICRO 3 M, SMALL 10 M, COGNATE 25 M.',
    }),
    sizes: t.field({ type: ModelSizes, description: 'Instead of, or on top of, a preset.' }),
    dataset: t.id({ description: 'Id or name; `moby-dick` unless given.' }),
    text: t.string({ description: 'A text to train on instead of a dataset, up to 4 MiB.' }),
    steps: t.int(),
    batch: t.int({ description: 'Sequences in a pass.' }),
    context: t.int({ description: 'Tokens in a sequence.' }),
    accumulation: t.int({ description: 'Passes in a step; 1 unless given.' }),
    learningRate: t.float({ description: 'The peak; it ends at a tenth, along a cosine.' }),
    warmup: t.int({ description: 'Steps of linear growth to the peak.' }),
    weightDecay: t.float({ description: '0.1 unless given.' }),
    gradientClip: t.float({ description: 'Largest norm of the gradient; 1 unless given.' }),
    seed: t.int({ description: '42 unless given.' }),
    grokfast: t.field({ type: GrokfastInput }),
    validationEvery: t.int({ description: 'Steps between two looks at the validation loss.' }),
    checkpointEvery: t.int({ description: 'Steps between two checkpoints; there is one every 15 s besides.' }),
    priority: t.int({ description: '0 is the most urgent; 100 unless given.' }),
    labels: t.stringList(),
    project: t.string(),
    idempotencyKey: t.string({ description: 'The same key with the same request gives the same job.' }),
  }),
})

builder.mutationField('startCognate', t =>
  t.field({
    type: TrainingJobRef,
    authScopes: { scope: 'training:write' },
    description: 'Pretrains a model on a text; a tenth of the text, its end, is kept for validation.',
    args: { input: t.arg({ type: StartCognateInput, required: true }) },
    resolve: (
      _,
      { input: { modelName, preset, seed, dataset, text, project, idempotencyKey, ...settings } },
      context,
    ) =>
      startCognate(context, context.identity, {
        modelName,
        preset,
        seed,
        dataset,
        text,
        project,
        idempotencyKey,
        settings,
      }),
  }),
)
