import type { Executor, Value } from '../../engine/executors/executor.ts'
import { openExecutor } from '../../engine/executors/probe.ts'
import { graph, input } from '../../engine/graph/graph.ts'
import { matmul } from '../../engine/graph/operations.ts'
import { parameterCount } from '../../engine/models/llama-parameters.ts'
import { adamWDefaults } from '../../engine/optimizers/adamw.ts'
import { grokFastEmaDefaults } from '../../engine/optimizers/grokfast-ema.ts'
import { usualSchedule } from '../../engine/optimizers/schedule.ts'
import { seededRandom } from '../../engine/random.ts'
import { trainingBatches } from '../../engine/training/batches.ts'
import { openTrainer } from '../../engine/training/trainer.ts'
import { median } from '../benchmark.ts'
import type { TrainTimes, Trial } from './trial.ts'

const SIDE = 1024
/** Products at a time, of which the fastest counts: the first finds its matrices outside of the caches. */
const PRODUCTS = 3

/** Steps of AdamW with GrokFast EMA on random tokens, 1024³ products before each, both timed. */
export async function measureTraining(trial: Trial): Promise<TrainTimes> {
  const { model, batch, context, rounds } = trial
  const { executor, runs } = timed(await openExecutor(trial.executor, { threads: trial.threads }))
  const multiply = await product(executor)
  await using trainer = await openTrainer(executor, {
    model,
    batch,
    context,
    accumulation: 1,
    seed: 42,
    optimizer: adamWDefaults,
    schedule: usualSchedule(1e-3, rounds + 1),
    clip: 1,
    grokfast: grokFastEmaDefaults,
  })
  const random = seededRandom(42)
  const text = Int32Array.from({ length: 50_000 }, () => random.integer(model.vocabularySize))
  const sampler = trainingBatches(text, { batch, context }, { seed: 42 })

  const flops = stepFlops(trial)
  const samples: Record<'productSeconds' | 'seconds' | 'cpu' | 'share' | 'loop', number>[] = []
  let loss = Number.NaN
  for (let round = 0; round <= rounds; round++) {
    const productSeconds = await multiply()
    const [cpu, began] = [process.cpuUsage(), performance.now()]
    runs.milliseconds = 0
    loss = (await trainer.train(sampler.next())).loss
    const seconds = (performance.now() - began) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const share = flops / seconds / ((2 * SIDE ** 3) / productSeconds)
    samples.push({
      productSeconds,
      seconds,
      cpu: (user + system) / 1e6,
      share,
      loop: 1 - runs.milliseconds / 1000 / seconds,
    })
  }
  const counted = samples.slice(1)
  const of = (key: 'productSeconds' | 'seconds' | 'cpu' | 'share' | 'loop') =>
    median(counted.map(sample => sample[key]))
  return {
    stepSeconds: of('seconds'),
    stepCpuSeconds: of('cpu'),
    tokensPerSecond: (batch * context) / of('seconds'),
    productGigaflops: (2 * SIDE ** 3) / of('productSeconds') / 1e9,
    shareOfLimit: of('share'),
    loopShare: of('loop'),
    lossAtEnd: loss,
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
  const compile: Executor['compile'] = async graph => {
    const program = await executor.compile(graph)
    return {
      async run(feeds) {
        const began = performance.now()
        const outputs = await program.run(feeds)
        runs.milliseconds += performance.now() - began
        return outputs
      },
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    }
  }
  return { executor: { ...executor, compile }, runs }
}
