import { EngineError } from '../errors.ts'
import type { Executor, Value } from '../executors/executor.ts'
import { adamWScalarValues } from '../optimizers/adamw.ts'
import { averageGain } from '../optimizers/grokfast-ema.ts'
import { movingAverageGain } from '../optimizers/grokfast-ma.ts'
import type { Batch } from './batches.ts'
import type { TrainerOptions } from './options.ts'
import type { Pack } from './packs.ts'
import { type VectorKind, vectorName } from './step-graph.ts'

export type Feeds = Record<string, Value>

/** One pass's tokens and targets. Throws INVALID_INPUT on another number of either than batch × context. */
export function tokenFeeds(
  executor: Executor,
  { batch, context }: Pick<TrainerOptions, 'batch' | 'context'>,
  pass: Batch,
): Feeds {
  requireSize(pass, batch, context)
  const shape = [batch, context]
  return { tokens: executor.value(pass.inputs, shape), targets: executor.value(pass.targets, shape) }
}

export function requireSize({ inputs, targets }: Batch, sequences: number, context: number): void {
  if (inputs.length === sequences * context && targets.length === sequences * context) return
  throw new EngineError(
    'INVALID_INPUT',
    `the batch has ${inputs.length} inputs and ${targets.length} targets, not ${sequences} × ${context} of each`,
  )
}

/** The numbers that change from step to step. */
export function scalarFeeds(executor: Executor, options: TrainerOptions, rate: number, step: number): Feeds {
  const adamW = adamWScalarValues(options.optimizer, rate, step)
  const numbers: Record<string, number> = {
    'adamw.stepSize': adamW.stepSize,
    'adamw.rootCorrection': adamW.rootCorrection,
    'adamw.decay': adamW.decay,
  }
  const { grokfast } = options
  // Nothing of the old average is kept at the first step: µ₀ is the first gradient.
  if (grokfast?.kind === 'EMA') {
    numbers['grokfast.alpha'] = step === 1 ? 0 : grokfast.alpha
    numbers['grokfast.gain'] = averageGain(grokfast, step)
  }
  if (grokfast?.kind === 'MA') numbers['grokfast.gain'] = movingAverageGain(grokfast, step)
  return Object.fromEntries(
    Object.entries(numbers).map(([name, number]) => [name, executor.value(Float32Array.of(number), [])]),
  )
}

/** One kind of vector, one for each pack. */
export function vectorFeeds(kind: VectorKind, packs: readonly Pack[], vectors: readonly Value[]): Feeds {
  return Object.fromEntries(packs.map((pack, index) => [vectorName(kind, pack), vectors[index]]))
}
