import { builder, TrainingJobRef } from '../builder.ts'
import type { Objective } from './objectives.ts'
import { startEvoMerge } from './service.ts'

const MergeBounds = builder.inputType('MergeBounds', {
  description: 'Where the search may take a parameter of a merge method.',
  fields: t => ({
    parameter: t.string({ required: true, description: 'As `weight`, `density`, `t`, `lambda`.' }),
    from: t.float({ required: true }),
    to: t.float({ required: true }),
  }),
})

const MergeObjective = builder.enumType('MergeObjective', {
  values: {
    LOSS: { description: 'On text that trainings keep back.' },
    SIZE: { description: 'Bytes of the weights.' },
    LATENCY: { description: 'Milliseconds to generate a token, measured on the machine that searches.' },
  } satisfies Record<Objective, object>,
})

const StartEvoMergeInput = builder.inputType('StartEvoMergeInput', {
  fields: t => ({
    parents: t.stringList({
      required: true,
      description:
        'Two versions or more of one architecture and tokenizer: ids, `name/3`, `name@latest` or `name@alias`.',
    }),
    base: t.string({ description: 'What task vectors are counted from; `ties`, `dare_ties` and their like need it.' }),
    modelName: t.string({ description: 'The model that gets a version; `evomerge` unless given.' }),
    objectives: t.field({
      type: [MergeObjective],
      description: `LOSS alone unless given: the lowest, by CMA-ES. With SIZE or LATENCY too, layers may be left out, and the
Pareto front is searched by NSGA-II: \`report\` of the job has it, and its lowest loss becomes the version.`,
    }),
    methods: t.stringList({ description: 'Merge methods, searched one after the other; `linear` unless given.' }),
    bounds: t.field({ type: [MergeBounds], description: 'Instead of the usual ranges.' }),
    groups: t.int({ description: 'Groups of neighbouring layers with values of their own; 2 unless given.' }),
    generations: t.int({ description: 'Of each method; 20 unless given.' }),
    population: t.int({
      description: 'Points of a generation; 4 + ⌊3 ln n⌋ of n values unless given, 16 of several objectives.',
    }),
    sigma: t.float({ description: 'Deviation of the first generation, as a share of each range; 1/6 unless given.' }),
    seed: t.int({ description: 'Of the search and of masks; 42 unless given.' }),
    dataset: t.id({
      description: 'Id or name; `moby-dick` unless given. Its last tenth is used: half decides, half tests.',
    }),
    batch: t.int({ description: 'Windows judged in a run; 4 unless given.' }),
    context: t.int({ description: 'Tokens of a window; the models’ own unless given.' }),
    fitnessBatches: t.int({ description: 'At most so many batches decide the search; 8 unless given.' }),
    testBatches: t.int({ description: 'At most so many batches judge its result; 60 unless given.' }),
    checkpointSeconds: t.float({ description: 'Between two checkpoints, about; 5 unless given.' }),
    priority: t.int({ description: '0 is the most urgent; 100 unless given.' }),
    labels: t.stringList(),
    requirements: t.stringList({ description: 'Labels that a machine must have.' }),
    slots: t.int(),
    retries: t.int({ description: 'Attempts that may be lost between two checkpoints; 2 unless given.' }),
    project: t.string(),
    idempotencyKey: t.string({ description: 'The same key with the same request gives the same job.' }),
  }),
})

builder.mutationField('startEvoMerge', t =>
  t.field({
    type: TrainingJobRef,
    authScopes: { scope: 'training:write' },
    description:
      'Searches the merge of some versions that has the lowest loss on text kept back (CMA-ES), and says how it compares with its best parent on other text. Where no merge is better, a parent itself wins: the version is a copy of it, and `report.copyOf` of the job names it.',
    args: { input: t.arg({ type: StartEvoMergeInput, required: true }) },
    resolve: (
      _,
      { input: { parents, base, modelName, dataset, seed, project, idempotencyKey, ...settings } },
      context,
    ) =>
      startEvoMerge(context, context.identity, {
        parents,
        base,
        modelName,
        dataset,
        seed,
        project,
        idempotencyKey,
        settings,
      }),
  }),
)

builder.objectField(TrainingJobRef, 'report', t =>
  t.field({
    type: 'JSON',
    nullable: true,
    description:
      'How a merge was found and what it is worth, as `evomerge.json` beside its weights; null before its end.',
    resolve: ({ report }) => report,
  }),
)
