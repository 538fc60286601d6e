import { learningRate } from '../../engine/optimizers/schedule.ts'
import { seededRandom } from '../../engine/random.ts'
import { trainingBatches } from '../../engine/training/batches.ts'
import { type Contender, openOurs } from './contender.ts'
import { trainerOptions } from './options.ts'
import { openPyTorch, type PyTorch, requireSameTraining } from './pytorch.ts'
import type { OwnStep, StepTaken, Trial, Turn, WithPeak } from './trial.ts'

export interface Rival {
  readonly name: string
  /** With the kernels that PyTorch chooses itself. */
  readonly asInstalled: boolean
  readonly steps: readonly WithPeak<StepTaken>[]
}

export interface Outcome {
  readonly ours: readonly WithPeak<OwnStep>[]
  readonly rivals: readonly Rival[]
}

/**
 * The steps of our training and, where there is a PyTorch, of its own: everyone takes each step in turn, on the same
 * batch, so that what else the machine does meets them all. The first step, which warms up, is not among them.
 */
export async function measureTraining(trial: Trial, pytorch?: PyTorch): Promise<Outcome> {
  await using opened = new AsyncDisposableStack()
  const ours = { contender: opened.use(await openOurs(trial)), steps: [] as WithPeak<OwnStep>[] }
  const rivals: (Rival & { contender: Contender; steps: WithPeak<StepTaken>[] })[] = []
  for (const way of pytorch?.ways ?? []) {
    const contender = opened.use(await openPyTorch(pytorch!, way, trial))
    const name = `PyTorch ${pytorch!.version}, ${way.name}`
    rivals.push({ name, asInstalled: !way.wide, contender, steps: [] })
  }

  for (const turn of turns(trial)) {
    ours.steps.push(await ours.contender.step(turn))
    for (const { contender, steps } of rivals) steps.push(await contender.step(turn))
  }
  for (const { steps } of rivals) requireSameTraining(ours.steps, steps)
  return {
    ours: ours.steps.slice(1),
    rivals: rivals.map(({ name, asInstalled, steps }) => ({ name, asInstalled, steps: steps.slice(1) })),
  }
}

/** Batches of random tokens. */
function* turns(trial: Trial): Generator<Turn> {
  const random = seededRandom(42)
  const text = Int32Array.from({ length: 50_000 }, () => random.integer(trial.model.vocabularySize))
  const sampler = trainingBatches(text, trial, { seed: 42 })
  const { schedule } = trainerOptions(trial)
  for (let step = 1; step <= trial.rounds + 1; step++) {
    const { inputs, targets } = sampler.next()
    yield { inputs: [...inputs], targets: [...targets], learningRate: learningRate(schedule, step) }
  }
}
