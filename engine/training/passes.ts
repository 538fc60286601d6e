import { disposeAll, type Executor, type Program, type Value } from '../executors/executor.ts'
import type { Graph } from '../graph/graph.ts'
import { parameterCount, parameterShapes } from '../models/llama-parameters.ts'
import type { Batch } from './batches.ts'
import type { TrainerOptions } from './options.ts'
import { type Feeds, requireSize, tokenFeeds, vectorFeeds } from './step-feeds.ts'
import {
  accumulateGraph,
  applyGraph,
  gradientGraph,
  nextName,
  parameterPacks,
  stepGraph,
  vectorName,
} from './step-graph.ts'

/** Given what the update needs, the outputs of a step: loss, gradientNorm, and what is carried on. */
export type Passes = (batch: Batch, update: Feeds) => Promise<Feeds>

/** The passes of one size of batch, with the programs that they run. */
export interface PreparedPasses extends AsyncDisposable {
  readonly run: Passes
}

/** `zeros` has a vector of them for each pack of parameters. */
export async function preparePasses(
  executor: Executor,
  options: TrainerOptions,
  zeros: readonly Value[],
): Promise<PreparedPasses> {
  await using opened = new AsyncDisposableStack()
  const compile = async (graph: Graph) => opened.use(await executor.compile(graph))
  const { compileSum } = executor
  const run = compileSum
    ? await summedPasses({ ...executor, compileSum }, options, program => opened.use(program))
    : options.accumulation === 1
      ? singlePass(executor, options, await compile(stepGraph(options)))
      : accumulatedPasses(executor, options, zeros, {
          accumulate: await compile(accumulateGraph(options)),
          apply: await compile(applyGraph(options)),
        })
  const programs = opened.move()
  return { run, [Symbol.asyncDispose]: () => programs.disposeAsync() }
}

/** Forward, backward and update in one run. */
function singlePass(executor: Executor, options: TrainerOptions, program: Program): Passes {
  return async (batch, update) => {
    const tokens = tokenFeeds(executor, options, batch)
    const outputs = await program.run({ ...update, ...tokens })
    disposeAll(tokens)
    return outputs
  }
}

/**
 * Tokens of a part at most, whose values should stay in a core's caches from one operation to the next. Each part adds its
 * gradient to a sum in memory, which takes a larger model more tokens to be worth it.
 */
const partTokens = (model: TrainerOptions['model']) => (parameterCount(model) > 5e6 ? 512 : 256)

/**
 * The sequences of a part: as many as divide all, keep to that number of tokens, and leave each of `lanes` a part. There are
 * two at least, so that one thread sums what two sum.
 */
function partSequences({ model, context }: TrainerOptions, sequences: number, lanes: number): number {
  const fits = (part: number) =>
    sequences % part === 0 && part * context <= partTokens(model) && sequences / part >= lanes
  return Array.from({ length: sequences }, (_, i) => sequences - i).find(fits) ?? 1
}

/** One run for the sum of the gradients of all parts of the batch, then one of `apply`. */
async function summedPasses(
  executor: Executor & Required<Pick<Executor, 'compileSum'>>,
  options: TrainerOptions,
  open: (program: Program) => Program,
): Promise<Passes> {
  const { accumulation, batch: sequences, context } = options
  const batch = accumulation * sequences
  const part = partSequences(options, batch, Math.max(2, executor.threads))
  const count = batch / part
  const parts = { count, inputs: ['tokens', 'targets'] }
  const gradient = open(await executor.compileSum(gradientGraph({ ...options, batch: part }), parts))
  const apply = open(await executor.compile(applyGraph({ ...options, accumulation: count })))
  const names = Object.keys(parameterShapes(options.model))

  return async (given, update) => {
    const tokens = tokenFeeds(executor, { batch, context }, given)
    const weights = Object.fromEntries(names.map(name => [name, update[name]]))
    const { loss, ...sums } = await gradient.run({ ...weights, ...tokens })
    const outputs = await apply.run({ ...update, ...sums })
    const mean = executor.value(Float32Array.of(loss.data()[0] / count), [])
    disposeAll({ ...tokens, ...sums, loss })
    return { ...outputs, loss: mean }
  }
}

/** One run of `accumulate` for each part of the batch, then one of `apply`. */
function accumulatedPasses(
  executor: Executor,
  options: TrainerOptions,
  zeros: readonly Value[],
  { accumulate, apply }: { readonly accumulate: Program; readonly apply: Program },
): Passes {
  const { accumulation, batch: sequences, context } = options
  const size = sequences * context
  const names = Object.keys(parameterShapes(options.model))
  const packs = parameterPacks(options)

  return async (batch, update) => {
    requireSize(batch, accumulation * sequences, context)
    const weights = Object.fromEntries(names.map(name => [name, update[name]]))

    let total = 0
    let sums = zeros
    for (let pass = 0; pass < accumulation; pass++) {
      const [from, to] = [pass * size, (pass + 1) * size]
      const part = { inputs: batch.inputs.subarray(from, to), targets: batch.targets.subarray(from, to) }
      const tokens = tokenFeeds(executor, options, part)
      const outputs = await accumulate.run({ ...weights, ...vectorFeeds('sum', packs, sums), ...tokens })
      const { loss } = outputs
      total += loss.data()[0]
      disposeAll({ ...tokens, loss })
      if (pass > 0) disposeAll(sums)
      sums = packs.map(pack => outputs[nextName(vectorName('sum', pack))])
    }
    const outputs = await apply.run({ ...update, ...vectorFeeds('sum', packs, sums) })
    disposeAll(sums)
    return { ...outputs, loss: executor.value(Float32Array.of(total / accumulation), []) }
  }
}
