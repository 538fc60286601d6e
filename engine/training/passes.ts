import type { Executor, Program } from '../executors/executor.ts'
import type { Batch } from './batches.ts'
import type { TrainerOptions } from './options.ts'
import { disposeAll, type Feeds, renamed, requireSize, tokenFeeds } from './step-feeds.ts'
import { replacedBy, tensorName } from './step-graph.ts'

/** Given what the update needs, the outputs of a step: loss, gradientNorm, and what is carried on. */
export type Passes = (batch: Batch, update: Feeds) => Promise<Feeds>

/** Forward, backward and update in one run. */
export function singlePass(executor: Executor, options: TrainerOptions, program: Program): Passes {
  return async (batch, update) => {
    const tokens = tokenFeeds(executor, options, batch)
    const outputs = await program.run({ ...update, ...tokens })
    disposeAll(tokens)
    return outputs
  }
}

/** One run of `accumulate` for each part of the batch, then one of `apply`. `zeros` has a zero for every parameter. */
export function accumulatedPasses(
  executor: Executor,
  options: TrainerOptions,
  zeros: Feeds,
  { accumulate, apply }: { readonly accumulate: Program; readonly apply: Program },
): Passes {
  const { accumulation, batch: sequences, context } = options
  const size = sequences * context

  return async (batch, update) => {
    requireSize(batch, accumulation * sequences, context)
    const weights = Object.fromEntries(Object.keys(zeros).map(name => [name, update[name]]))

    let total = 0
    let sums = renamed(zeros, name => tensorName('sum', name))
    for (let pass = 0; pass < accumulation; pass++) {
      const [from, to] = [pass * size, (pass + 1) * size]
      const part = { inputs: batch.inputs.subarray(from, to), targets: batch.targets.subarray(from, to) }
      const tokens = tokenFeeds(executor, options, part)
      const { loss, ...next } = await accumulate.run({ ...weights, ...sums, ...tokens })
      total += loss.data()[0]
      disposeAll({ ...tokens, loss })
      if (pass > 0) disposeAll(sums)
      sums = renamed(next, name => replacedBy(name)!)
    }
    const outputs = await apply.run({ ...update, ...sums })
    disposeAll(sums)
    return { ...outputs, loss: executor.value(Float32Array.of(total / accumulation), []) }
  }
}
