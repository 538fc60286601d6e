import { resolveCursorConnection } from '@pothos/plugin-relay'
import { pageSize } from '../../../kernel/federation.ts'
import { builder, JobErrorRef, JobStatus, TrainingJobRef } from '../builder.ts'
import { cognateRequest, StartCognateInput } from '../cognate/schema.ts'
import type { Page } from '../page.ts'
import { cancelSweep, findSweep, listSweeps, pauseSweep, resumeSweep, startSweep } from './service.ts'
import { type algorithms, lossOf, type SweepHead, sweepProgress, type Trial, trialCount, trialStatus } from './sweep.ts'

const Algorithm = builder.enumType('SweepAlgorithm', {
  values: {
    GRID: { description: 'Every combination.' },
    RANDOM: { description: 'Drawn points, each trained to the end.' },
    ASHA: { description: 'Drawn points, of which the best go on at every rung (Li et al. 2020).' },
  } satisfies Record<(typeof algorithms)[number], object>,
})

const TrialStatus = builder.enumType('TrialStatus', {
  values: {
    PENDING: { description: 'Not begun.' },
    TRAINING: { description: 'Trains, or waits for a machine.' },
    WAITING: { description: 'Has come to a rung, and goes on if it is among the best there.' },
    PAUSED: { description: 'Paused between two rungs, with the sweep or by somebody.' },
    COMPLETED: { description: 'Has made all its steps.' },
    STOPPED: { description: 'Was not among the best of its rung.' },
    FAILED: { description: 'As by DIVERGED; it has lost, and the others go on.' },
    CANCELLED: {},
  },
})

const TrialRef = builder.objectRef<Trial>('SweepTrial').implement({
  description: 'One point of the space, and the training that tries it.',
  fields: t => ({
    number: t.exposeInt('number', { description: 'From 1, in the order in which they begin.' }),
    parameters: t.field({
      type: 'JSON',
      description: 'Its values of what is searched.',
      resolve: trial => trial.parameters,
    }),
    status: t.field({ type: TrialStatus, resolve: trialStatus }),
    rung: t.exposeInt('rung', { description: 'From 0; the one that it is at, or on its way to.' }),
    losses: t.floatList({ description: 'Validation losses at the rungs reached.', resolve: ({ losses }) => losses }),
    loss: t.float({ nullable: true, description: 'The newest of `losses`.', resolve: lossOf }),
    job: t.field({
      type: TrainingJobRef,
      nullable: true,
      description: 'Null before it begins.',
      resolve: ({ job }) => job,
    }),
  }),
})

const SweepRef = builder.objectRef<SweepHead>('Sweep')
builder.asEntity(SweepRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, context) => findSweep(context, context.identity, id),
})

SweepRef.implement({
  authScopes: { scope: 'training:read' },
  description: 'A search for the settings under which a training comes to the lowest validation loss.',
  fields: t => ({
    id: t.exposeID('id'),
    project: t.string({ resolve: ({ shared }) => shared.project }),
    modelName: t.string({
      description: 'The model that gets the best trial as a version; the others become none.',
      resolve: ({ shared }) => shared.modelName,
    }),
    status: t.expose('status', { type: JobStatus }),
    progress: t.float({
      description: 'From 0 to 1: steps made of those expected.',
      resolve: async (sweep, _, { sweeps }) => sweepProgress(sweep, await sweeps.tallies(sweep.id)),
    }),
    algorithm: t.field({ type: Algorithm, resolve: ({ plan }) => plan.algorithm }),
    space: t.field({ type: 'JSON', description: 'What is searched, and where.', resolve: ({ plan }) => plan.space }),
    seed: t.int({ description: 'Of the points that are drawn.', resolve: ({ plan }) => plan.seed }),
    eta: t.int({ description: 'One of so many goes on from a rung of ASHA.', resolve: ({ plan }) => plan.eta }),
    rungs: t.intList({ description: 'Steps at which trials are compared.', resolve: ({ plan }) => plan.rungs }),
    parallel: t.exposeInt('parallel', { description: 'Trials that train, or wait for a machine, at once.' }),
    trialCount: t.int({ resolve: async ({ id }, _, { sweeps }) => trialCount(await sweeps.tallies(id)) }),
    trials: t.field({
      type: [TrialRef],
      description: 'By number.',
      resolve: ({ id }, _, { sweeps }) => sweeps.trials(id),
    }),
    best: t.field({
      type: TrialRef,
      nullable: true,
      description: 'The lowest loss at the highest rung so far; at the end, the trial that became a version.',
      resolve: ({ id }, _, { sweeps }) => sweeps.leader(id),
    }),
    error: t.field({ type: JobErrorRef, nullable: true, resolve: ({ error }) => error }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
  }),
})

const SweepRange = builder.inputType('SweepRange', {
  fields: t => ({ from: t.float({ required: true }), to: t.float({ required: true }) }),
})

const SweepDimension = builder.inputType('SweepDimension', {
  description:
    'A setting of StartCognateInput and where it is searched: exactly one of uniform, logUniform, integer, choice.',
  fields: t => ({
    parameter: t.string({
      required: true,
      description:
        'learningRate, weightDecay, warmup, batch, preset, grokfast.kind, .alpha, .lambda, .window, .start, .warmup',
    }),
    uniform: t.field({ type: SweepRange }),
    logUniform: t.field({ type: SweepRange, description: 'Evenly on a logarithmic scale; `from` is above 0.' }),
    integer: t.field({ type: SweepRange, description: 'Whole numbers, both ends among them.' }),
    choice: t.field({ type: ['JSON'], description: 'Numbers, or names.' }),
    points: t.int({ description: 'Of a range in a GRID, both ends among them; 3 unless given, all of `integer`.' }),
  }),
})

const SweepSearchInput = builder.inputType('SweepSearchInput', {
  fields: t => ({
    space: t.field({ type: [SweepDimension], required: true }),
    algorithm: t.field({ type: Algorithm, description: 'ASHA unless given.' }),
    trials: t.int({ description: 'Points to draw, 500 at most; 16 unless given. A GRID has its own number.' }),
    eta: t.int({ description: 'ASHA: one of so many goes on from a rung; 3 unless given.' }),
    minSteps: t.int({ description: 'ASHA: steps to the first rung; the steps / eta² unless given.' }),
    parallel: t.int({
      description:
        'Trials at once; as many as the machines have slots for unless given. With 1, a sweep repeats exactly.',
    }),
    seed: t.int({ description: 'Of the points that are drawn; 42 unless given.' }),
  }),
})

builder.queryFields(t => ({
  sweep: t.field({
    type: SweepRef,
    nullable: true,
    authScopes: { scope: 'training:read' },
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, context) => findSweep(context, context.identity, id),
  }),
  sweeps: t.connection(
    {
      type: SweepRef,
      nullable: true,
      authScopes: { scope: 'training:read' },
      description: 'Newest first.',
      resolve: (_, args, context) =>
        resolveCursorConnection({ args, ...pageSize, toCursor: ({ id }: SweepHead) => id }, (page: Page) =>
          listSweeps(context, context.identity, page),
        ),
    },
    { name: 'SweepConnection' },
    { name: 'SweepEdge' },
  ),
}))

builder.mutationField('startSweep', t =>
  t.field({
    type: SweepRef,
    authScopes: { scope: 'training:write' },
    description: `Trains the same with different settings, and keeps the model of the lowest validation loss. A trial that
fails has lost, and does not end the sweep.`,
    args: {
      input: t.arg({ type: StartCognateInput, required: true, description: 'What all trials have in common.' }),
      search: t.arg({ type: SweepSearchInput, required: true }),
    },
    resolve: (_, { input, search }, context) => startSweep(context, context.identity, cognateRequest(input), search),
  }),
)

const commands = {
  pauseSweep: { run: pauseSweep, description: 'Pauses all its trials, each with a checkpoint.' },
  resumeSweep: { run: resumeSweep, description: 'Goes on with a paused sweep.' },
  cancelSweep: { run: cancelSweep, description: 'Stops a sweep and all its trials for good.' },
}

for (const [name, { run, description }] of Object.entries(commands)) {
  builder.mutationField(name, t =>
    t.field({
      type: SweepRef,
      authScopes: { scope: 'training:write' },
      description,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, context) => run(context, context.identity, id),
    }),
  )
}

builder.objectField(TrainingJobRef, 'sweep', t =>
  t.field({
    type: SweepRef,
    nullable: true,
    description: 'The sweep that it is a trial of.',
    resolve: ({ sweepId }, _, context) => (sweepId === null ? null : findSweep(context, context.identity, sweepId)),
  }),
)
