import type { Executor, Program, Value } from '../../engine/executors/executor.ts'
import { openExecutor } from '../../engine/executors/probe.ts'
import { graph, input } from '../../engine/graph/graph.ts'
import { matmul } from '../../engine/graph/operations.ts'
import { parameterCount } from '../../engine/models/llama-parameters.ts'
import type { Batch } from '../../engine/training/batches.ts'
import { openTrainer } from '../../engine/training/trainer.ts'
import { trainerOptions } from './options.ts'
import type { OwnStep, Trial } from './trial.ts'

const SIDE = 1024
/** Products at a time, of which the fastest counts: the first finds its matrices outside of the caches. */
const PRODUCTS = 3

/** Our own training. Before each step are 1024³ products, both timed. */
export async function openTraining(trial: Trial): Promise<(batch: Batch) => Promise<OwnStep>> {
  const { executor, runs } = timed(await openExecutor(trial.executor, { threads: trial.threads }))
  const multiply = await product(executor)
  const trainer = await openTrainer(executor, trainerOptions(trial))
  const flops = stepFlops(trial)

  return async batch => {
    const productSeconds = await multiply()
    const [cpu, began] = [process.cpuUsage(), performance.now()]
    runs.milliseconds = 0
    const { loss, gradientNorm } = await trainer.train(batch)
    const seconds = (performance.now() - began) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const productFlops = (2 * SIDE ** 3) / productSeconds
    return {
      seconds,
      cpuSeconds: (user + system) / 1e6,
      loss,
      gradientNorm,
      productGigaflops: productFlops / 1e9,
      shareOfLimit: flops / seconds / productFlops,
      loopShare: 1 - runs.milliseconds / 1000 / seconds,
    }
  }
}

/** 6 operations per parameter and token, and 12 per layer, pair of tokens and channel: the attention's two products. */
function stepFlops({ model, batch, context }: Trial): number {
  const tokens = batch * context
  return 6 * parameterCount(model) * tokens + 12 * model.layers * tokens * context * model.width
}

async function product(executor: Executor): Promise<() => Promise<number>> {
  const shape = [SIDE, SIDE]
  const program = await executor.compile(graph({ product: matmul(input('a', shape), input('b', shape)) }))
  const ones: Value = executor.value(new Float32Array(SIDE ** 2).fill(1), shape)
  return async () => {
    let fastest = Number.POSITIVE_INFINITY
    for (let time = 0; time < PRODUCTS; time++) {
      const began = performance.now()
      using product = (await program.run({ a: ones, b: ones })).product
      // Reading waits for executors that answer before they have computed.
      if (product.data()[0] !== SIDE) throw new Error(`The product of ones is ${product.data()[0]}, not ${SIDE}`)
      fastest = Math.min(fastest, (performance.now() - began) / 1000)
    }
    return fastest
  }
}

/** The same executor, adding up the time that its programs run. */
function timed(executor: Executor) {
  const runs = { milliseconds: 0 }
  const { compile, compileSum } = executor
  const watched = (program: Program): Program => ({
    async run(feeds) {
      const began = performance.now()
      const outputs = await program.run(feeds)
      runs.milliseconds += performance.now() - began
      return outputs
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  })
  const watching: Executor = {
    ...executor,
    compile: async graph => watched(await compile(graph)),
    ...(compileSum && { compileSum: async (graph, parts) => watched(await compileSum(graph, parts)) }),
  }
  return { executor: watching, runs }
}
