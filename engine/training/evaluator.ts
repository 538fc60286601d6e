import { disposeAll, type Executor } from '../executors/executor.ts'
import { parameterShapes } from '../models/llama-parameters.ts'
import type { Batch } from './batches.ts'
import { tokenFeeds } from './step-feeds.ts'
import { type EvaluationOptions, evaluationGraph } from './step-graph.ts'

/** Judges weights of one architecture. Calls do not overlap. */
export interface Evaluator extends AsyncDisposable {
  /** Mean loss of each batch, in nats per token. `parameters` by Hugging Face name. */
  losses(parameters: Readonly<Record<string, Float32Array>>, batches: readonly Batch[]): Promise<number[]>
}

export async function openEvaluator(executor: Executor, options: EvaluationOptions): Promise<Evaluator> {
  const program = await executor.compile(evaluationGraph(options))
  const shapes = Object.entries(parameterShapes(options.model))
  return {
    async losses(parameters, batches) {
      const weights = Object.fromEntries(
        shapes.map(([name, shape]) => [name, executor.value(parameters[name]!, shape)] as const),
      )
      const losses: number[] = []
      for (const batch of batches) {
        const tokens = tokenFeeds(executor, options, batch)
        using loss = (await program.run({ ...weights, ...tokens })).loss!
        disposeAll(tokens)
        losses.push(loss.data()[0]!)
      }
      disposeAll(weights)
      return losses
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}
