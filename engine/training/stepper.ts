import { setImmediate } from 'node:timers/promises'
import { EngineError } from '../errors.ts'
import { disposeAll, type Executor, type Value } from '../executors/executor.ts'
import { learningRate } from '../optimizers/schedule.ts'
import type { Batch } from './batches.ts'
import { sizeAt } from './curriculum.ts'
import type { TrainerOptions } from './options.ts'
import type { Pack } from './packs.ts'
import { type Passes, type PreparedPasses, preparePasses } from './passes.ts'
import { type Feeds, scalarFeeds, vectorFeeds } from './step-feeds.ts'
import { gradientName, parameterPacks, replacedBy } from './step-graph.ts'
import type { Carried } from './training-state.ts'

export interface StepResult {
  /** The step just taken, from 1. */
  readonly step: number
  /** Mean cross-entropy in nats per token before the step's update. */
  readonly loss: number
  /** Global norm before clipping. */
  readonly gradientNorm: number
  readonly learningRate: number
}

/** Takes steps, moving `carried` from one to the next; the trainer's `train`. */
export interface Stepper extends AsyncDisposable {
  take(batch: Batch): Promise<StepResult>
}

export async function stepper(executor: Executor, options: TrainerOptions, carried: Carried): Promise<Stepper> {
  await using opened = new AsyncDisposableStack()
  const packs = parameterPacks(options)
  // Stand for the gradient that leaves a window which is not full yet.
  const zeros = packs.map(({ length }) => executor.value(new Float32Array(length), [length]))
  opened.defer(() => disposeAll(zeros))

  // The programs of one size at a time: a curriculum goes through its sizes one after the other.
  let current: (PreparedPasses & { readonly context: number }) | undefined
  const release = async () => {
    const old = current
    current = undefined
    await old?.[Symbol.asyncDispose]()
  }
  opened.defer(release)
  const passesAt = async (step: number): Promise<Passes> => {
    const size = sizeAt(options, step)
    if (current?.context !== size.context) {
      await release()
      current = { ...(await preparePasses(executor, { ...options, ...size }, zeros)), context: size.context }
    }
    return current.run
  }
  await passesAt(carried.step + 1)

  async function take(batch: Batch): Promise<StepResult> {
    // A run may block the thread: between two steps, messages of the process must get through.
    await setImmediate()
    const step = carried.step + 1
    const rate = learningRate(options.schedule, step)
    const scalars = scalarFeeds(executor, options, rate, step)
    const oldest = carried.window && vectorFeeds('oldest', packs, carried.window.oldest() ?? zeros)
    const runPasses = await passesAt(step)
    const outputs = await runPasses(batch, { ...carried.tensors, ...scalars, ...oldest })
    disposeAll(scalars)

    const { loss, gradientNorm, ...next } = outputs
    const result = { step, loss: read(loss), gradientNorm: read(gradientNorm), learningRate: rate }
    disposeAll({ loss, gradientNorm })
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) {
      disposeAll(next)
      throw new EngineError(
        'DIVERGED',
        `step ${step} has loss ${result.loss} and gradient norm ${result.gradientNorm}: lower the learning rate, now ${rate}`,
      )
    }
    adopt(packs, carried, next)
    return result
  }

  const resources = opened.move()
  return { take, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

const read = (scalar: Value) => scalar.data()[0]

/** Puts the step's outputs in the place of what they came from. */
function adopt(packs: readonly Pack[], carried: Carried, outputs: Feeds): void {
  for (const [output, value] of Object.entries(outputs)) {
    const replaced = replacedBy(output)
    if (replaced === undefined) continue
    carried.tensors[replaced][Symbol.dispose]()
    carried.tensors[replaced] = value
  }
  carried.window?.push(packs.map(pack => outputs[gradientName(pack)]))
  carried.step++
}
