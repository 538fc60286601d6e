import { builder, Preset, TrainingJobRef } from '../builder.ts'
import { type CognateRequest, startCognate } from './service.ts'

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
    start: t.int({ description: 'Steps that pass before it acts; it gathers meanwhile. 0 unless given.' }),
    warmup: t.int({ description: 'Steps over which `lambda` then grows to its full value; 0 unless given.' }),
  }),
})

const CurriculumPhaseInput = builder.inputType('CurriculumPhaseInput', {
  fields: t => ({
    context: t.int({ required: true, description: 'Tokens in a sequence; divides `batch` × `context` of the job.' }),
    share: t.float({ required: true, description: 'Of the steps; all shares add up to 1.' }),
  }),
})

const EarlyStoppingInput = builder.inputType('EarlyStoppingInput', {
  description: 'Ends the training, as COMPLETED, when its validation loss falls no more.',
  fields: t => ({
    patience: t.int({ required: true, description: 'Looks at the validation loss in a row that may bring nothing.' }),
    minDelta: t.float({ description: 'By how much a look must be lower than the best one, in nats; 0 unless given.' }),
  }),
})

const DivergenceInput = builder.inputType('DivergenceInput', {
  description: `Fails the training with DIVERGED when its loss, \`patience\` times in a row, is above \`spike\` times the
median of the last \`window\` losses and above the first loss of all. A loss that is no finite number fails it always.`,
  fields: t => ({
    spike: t.float({ description: '2 unless given; 0 looks for no spikes.' }),
    window: t.int({ description: '50 unless given.' }),
    patience: t.int({ description: '10 unless given.' }),
  }),
})

const BudgetInput = builder.inputType('BudgetInput', {
  description: 'Ends the training, as COMPLETED, before it uses more.',
  fields: t => ({
    seconds: t.float({ description: 'Of training over all attempts; not of waiting.' }),
    tokens: t.float({ description: 'To train on.' }),
  }),
})

const ChosenWeights = builder.enumType('ChosenWeights', {
  description: 'Which weights become the version.',
  values: {
    BEST: { description: 'Those of the lowest validation loss that was seen.' },
    LAST: { description: 'The newest.' },
  },
})

export const StartCognateInput = builder.inputType('StartCognateInput', {
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
    curriculum: t.field({
      type: [CurriculumPhaseInput],
      description:
        'Lengths of sequences in their order, none above `context`. A step has the same number of tokens in each.',
    }),
    accumulation: t.int({ description: 'Passes in a step; 1 unless given.' }),
    learningRate: t.float({ description: 'The peak; it ends at a tenth, along a cosine.' }),
    warmup: t.int({ description: 'Steps of linear growth to the peak.' }),
    weightDecay: t.float({ description: '0.1 unless given.' }),
    gradientClip: t.float({ description: 'Largest norm of the gradient; 1 unless given.' }),
    seed: t.int({ description: '42 unless given.' }),
    grokfast: t.field({ type: GrokfastInput }),
    control: t.boolean({
      description:
        'Starts the same training without `grokfast` too, as the job’s `control`; its model is `modelName` and `-control`.',
    }),
    validationEvery: t.int({ description: 'Steps between two looks at the validation loss.' }),
    checkpointEvery: t.int({ description: 'Steps between two checkpoints; time makes more of them.' }),
    checkpointSeconds: t.float({ description: 'A checkpoint is made at the latest after so long; 15 unless given.' }),
    keepLast: t.int({ description: 'How many of the newest checkpoints are kept; 2 unless given.' }),
    keepBest: t.int({ description: 'How many of those with the lowest validation loss are kept; 1 unless given.' }),
    earlyStopping: t.field({ type: EarlyStoppingInput }),
    divergence: t.field({ type: DivergenceInput }),
    budget: t.field({ type: BudgetInput }),
    weights: t.field({ type: ChosenWeights, description: 'BEST with `earlyStopping`, LAST without, unless given.' }),
    priority: t.int({ description: '0 is the most urgent; 100 unless given.' }),
    labels: t.stringList({ description: 'Anything to find it by.' }),
    requirements: t.stringList({
      description:
        'Labels that a machine must have (FORGE_LABELS; also `node=NAME` and `executor=NAME`, which then computes it).',
    }),
    slots: t.int({ description: 'Of a machine’s slots, it takes so many, and as many cores; 1 unless given.' }),
    retries: t.int({ description: 'Attempts that may be lost between two checkpoints; 2 unless given.' }),
    project: t.string(),
    idempotencyKey: t.string({ description: 'The same key with the same request gives the same job.' }),
  }),
})

/** What the input says about the job itself, and the rest as its settings. */
export function cognateRequest(input: typeof StartCognateInput.$inferInput): CognateRequest {
  const { modelName, preset, seed, dataset, text, project, idempotencyKey, ...settings } = input
  return { modelName, preset, seed, dataset, text, project, idempotencyKey, settings }
}

builder.mutationField('startCognate', t =>
  t.field({
    type: TrainingJobRef,
    authScopes: { scope: 'training:write' },
    description: 'Pretrains a model on a text; a tenth of the text, its end, is kept for validation.',
    args: { input: t.arg({ type: StartCognateInput, required: true }) },
    resolve: (_, { input }, context) => startCognate(context, context.identity, cognateRequest(input)),
  }),
)
