import { EngineError } from '../errors.ts'
import { input, type Node } from '../graph/graph.ts'
import { multiply, subtract } from '../graph/operations.ts'
import type { MomentOptions, MomentScalars } from './moments.ts'

export interface AdamWOptions extends MomentOptions {
  readonly weightDecay: number
}

/** Defaults of the Cognate phase. */
export const adamWDefaults: AdamWOptions = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 }

/** What changes from step to step, as scalar inputs of the graph. */
export interface AdamWScalars extends MomentScalars {
  /** 1 − ηλ */
  readonly decay: Node
}

export function adamWScalars(): AdamWScalars {
  return {
    stepSize: input('adamw.stepSize', []),
    rootCorrection: input('adamw.rootCorrection', []),
    decay: input('adamw.decay', []),
  }
}

/** The values of the scalars at step t (from 1) with learning rate η. */
export function adamWScalarValues(
  options: AdamWOptions,
  rate: number,
  step: number,
): Record<keyof AdamWScalars, number> {
  return {
    stepSize: rate / (1 - options.beta1 ** step),
    rootCorrection: 1 / Math.sqrt(1 - options.beta2 ** step),
    decay: 1 - rate * options.weightDecay,
  }
}

/**
 * AdamW's step (Loshchilov and Hutter 2019) from the change that `adaptiveChange` gives: θ ← θ − ηλθ − change.
 * Vectors (norms) do not decay: pulling a gain towards 0 is not what decay is for.
 */
export function adamW(parameter: Node, change: Node, { decay }: Pick<AdamWScalars, 'decay'>): Node {
  return subtract(parameter.shape.length > 1 ? multiply(parameter, decay) : parameter, change)
}

/** Throws INVALID_INPUT naming the value that no optimizer can use. */
export function validateAdamW({ beta1, beta2, epsilon, weightDecay }: AdamWOptions): void {
  for (const [name, beta] of Object.entries({ beta1, beta2 })) {
    if (!(beta >= 0 && beta < 1)) {
      throw new EngineError('INVALID_INPUT', `${name} is ${beta}: it must be from 0 to below 1`)
    }
  }
  if (!(epsilon > 0)) throw new EngineError('INVALID_INPUT', `epsilon is ${epsilon}: it must be above 0, usually 1e-8`)
  if (!(weightDecay >= 0) || !Number.isFinite(weightDecay)) {
    throw new EngineError('INVALID_INPUT', `weightDecay is ${weightDecay}: it must be a number from 0`)
  }
}
