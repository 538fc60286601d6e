import { EngineError } from '../../../engine/errors.ts'
import type { StopReason } from '../../../schema/values.ts'
import { type StoppingRules, stoppingRules } from '../recipes/stopping.ts'

/** What decides about an end before the last step; part of the checkpoint, so that a resumed training ends at the same step. */
export interface StoppingState {
  /** The lowest validation loss of a look, by more than `minDelta`, and its step. */
  readonly best: { readonly step: number; readonly loss: number } | null
  /** Looks since then. */
  readonly looksSince: number
  readonly firstLoss: number | null
  /** The newest losses that were no spike. */
  readonly losses: readonly number[]
  /** Spikes in a row. */
  readonly spikes: number
  /** Milliseconds of training so far. */
  readonly trainedMs: number
}

const fresh: StoppingState = { best: null, looksSince: 0, firstLoss: null, losses: [], spikes: 0, trainedMs: 0 }

export interface Stopping {
  readonly best: StoppingState['best']
  /** Takes note of a step's loss. Throws DIVERGED when it is one spike too many. */
  step(step: number, loss: number): void
  /** Takes note of a validation loss; true when it is the best. Throws DIVERGED when it is no finite number. */
  look(step: number, validationLoss: number): boolean
  /** Why the training is to end after this step, if it is. */
  reason(step: number): StopReason | null
  state(): StoppingState
}

/** Times in milliseconds; the rules of a job from before there were any are the defaults. */
export function openStopping(
  given: Partial<StoppingRules>,
  { tokensPerStep, now }: { readonly tokensPerStep: number; readonly now: () => number },
  saved: StoppingState = fresh,
): Stopping {
  const { earlyStopping, divergence, budget } = { ...stoppingRules({}), ...given }
  const began = now() - saved.trainedMs
  let { best, looksSince, firstLoss, spikes } = saved
  const losses = [...saved.losses]

  return {
    get best() {
      return best
    },
    step(step, loss) {
      firstLoss ??= loss
      const usual = median(losses)
      // A model may spike while it groks, at losses far below those of an untrained one: that is no divergence.
      const isSpike = divergence.spike > 0 && loss > divergence.spike * usual && loss > firstLoss
      spikes = isSpike ? spikes + 1 : 0
      if (spikes >= divergence.patience) throw spiked(step, loss, usual, spikes)
      if (isSpike) return
      losses.push(loss)
      if (losses.length > divergence.window) losses.shift()
    },
    look(step, loss) {
      if (!Number.isFinite(loss)) throw diverged(step, loss)
      const isBest = !best || loss < best.loss - (earlyStopping?.minDelta ?? 0)
      looksSince = isBest ? 0 : looksSince + 1
      if (isBest) best = { step, loss }
      return isBest
    },
    reason(step) {
      if (earlyStopping && looksSince >= earlyStopping.patience) return 'EARLY_STOPPING'
      if (budget.tokens !== null && (step + 1) * tokensPerStep > budget.tokens) return 'TOKEN_BUDGET'
      if (budget.seconds !== null && now() - began >= budget.seconds * 1000) return 'TIME_BUDGET'
      return null
    },
    state: () => ({ best, looksSince, firstLoss, losses: [...losses], spikes, trainedMs: now() - began }),
  }
}

/** The upper one of two; infinite of none, so that nothing is a spike. */
function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.POSITIVE_INFINITY
}

export const diverged = (step: number, loss: number) =>
  new EngineError('DIVERGED', `after step ${step} the validation loss is ${loss}: lower the learning rate`)

const spiked = (step: number, loss: number, usual: number, spikes: number) =>
  new EngineError(
    'DIVERGED',
    `step ${step} has loss ${loss.toPrecision(5)}, number ${spikes} in a row that is far above the ${usual.toPrecision(5)} that was usual before: lower the learning rate, or set divergence.spike to 0 to go on all the same`,
  )
