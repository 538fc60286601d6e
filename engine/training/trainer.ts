import { EngineError } from '../errors.ts'
import { disposeAll, type Executor, type Program } from '../executors/executor.ts'
import { parameterShapes } from '../models/llama-parameters.ts'
import type { Batch } from './batches.ts'
import { type TrainerOptions, validateOptions } from './options.ts'
import { tokenFeeds } from './step-feeds.ts'
import { evaluationGraph } from './step-graph.ts'
import { type StepResult, stepper } from './stepper.ts'
import { freshState, loadState, saveState, type TrainerState } from './training-state.ts'

/** Trains one model. Calls do not overlap: await each before the next. */
export interface Trainer extends AsyncDisposable {
  /** Steps taken. */
  readonly step: number
  /**
   * Takes a step on accumulation × batch sequences of context tokens. When the loss or the gradient is not a finite
   * number it throws DIVERGED, and the trainer stays as it was before the step.
   */
  train(batch: Batch): Promise<StepResult>
  /** Mean loss in nats per token over batches of `batch` sequences, of the weights now or of those given. */
  evaluate(batches: readonly Batch[], weights?: Readonly<Record<string, Float32Array>>): Promise<number>
  /** The weights by Hugging Face name. Views: copy what must outlive the next step. */
  parameters(): Record<string, Float32Array>
  /** Everything that a later `openTrainer` needs to go on bit for bit. Views, like `parameters`. */
  state(): TrainerState
}

/** Starts from the seed, or goes on from a state. Throws INVALID_INPUT on options or a state that do not fit. */
export async function openTrainer(executor: Executor, options: TrainerOptions, state?: TrainerState): Promise<Trainer> {
  validateOptions(options)
  const carried = loadState(executor, options, state ?? freshState(options))
  const steps = await stepper(executor, options, carried)
  const shapes = parameterShapes(options.model)
  const names = Object.keys(shapes)
  // A job that never validates should not pay for the graph that does.
  let evaluation: Promise<Program> | undefined

  const given = (weights: Readonly<Record<string, Float32Array>>) =>
    Object.fromEntries(names.map(name => [name, executor.value(weights[name], shapes[name])]))

  async function evaluate(batches: readonly Batch[], other?: Readonly<Record<string, Float32Array>>): Promise<number> {
    if (batches.length === 0) throw new EngineError('INVALID_INPUT', 'there is no batch to evaluate')
    evaluation ??= executor.compile(evaluationGraph(options))
    const program = await evaluation
    const weights = other ? given(other) : Object.fromEntries(names.map(name => [name, carried.tensors[name]]))

    let total = 0
    for (const batch of batches) {
      const tokens = tokenFeeds(executor, options, batch)
      using loss = (await program.run({ ...weights, ...tokens })).loss
      disposeAll(tokens)
      total += loss.data()[0]
    }
    if (other) disposeAll(weights)
    return total / batches.length
  }

  return {
    get step() {
      return carried.step
    },
    train: steps.take,
    evaluate,
    parameters: () => Object.fromEntries(names.map(name => [name, carried.tensors[name].data() as Float32Array])),
    state: () => saveState(options, carried),
    async [Symbol.asyncDispose]() {
      await steps[Symbol.asyncDispose]()
      await (await evaluation)?.[Symbol.asyncDispose]()
      carried.window?.[Symbol.dispose]()
      disposeAll(carried.tensors)
    },
  }
}
