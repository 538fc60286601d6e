import type { CognateSettings } from './request.ts'

/** Ends a training whose validation loss falls no more. */
export interface EarlyStopping {
  /** Looks at the validation loss in a row that may bring nothing. */
  readonly patience: number
  /** A look brings something when its loss is lower by more than this than the best before, in nats per token. */
  readonly minDelta: number
}

/** What fails a training beside a loss that is no finite number. */
export interface Divergence {
  /** So many times the median of the losses before is a spike; 0 looks for none. */
  readonly spike: number
  /** Losses that the median is of. */
  readonly window: number
  /** Spikes in a row that end it. */
  readonly patience: number
}

/** What a training may use; null is without a limit. */
export interface Budget {
  /** Of training, over all attempts; not of waiting. */
  readonly seconds: number | null
  readonly tokens: number | null
}

/** Which weights become the version: those of the lowest validation loss seen, or the newest. */
export type ChosenWeights = 'BEST' | 'LAST'

/** What may end a training before its last step. */
export interface StoppingRules {
  readonly earlyStopping: EarlyStopping | null
  readonly divergence: Divergence
  readonly budget: Budget
  readonly weights: ChosenWeights
}

const divergenceDefaults: Divergence = { spike: 2, window: 50, patience: 10 }

export function stoppingRules(chosen: CognateSettings): StoppingRules {
  const earlyStopping = chosen.earlyStopping ? { minDelta: 0, ...chosen.earlyStopping } : null
  return {
    earlyStopping,
    divergence: { ...divergenceDefaults, ...chosen.divergence },
    budget: { seconds: null, tokens: null, ...chosen.budget },
    // Whoever waits to see whether it gets better wants what was best.
    weights: chosen.weights ?? (earlyStopping ? 'BEST' : 'LAST'),
  }
}
