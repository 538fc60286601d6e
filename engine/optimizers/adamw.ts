import { EngineError } from '../errors.ts'
import { scale, square } from '../graph/composed.ts'
import { constant, input, type Node } from '../graph/graph.ts'
import { add, divide, multiply, sqrt, subtract } from '../graph/operations.ts'

export interface AdamWOptions {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
}

/** Defaults of the Cognate phase. */
export const adamWDefaults: AdamWOptions = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 }

/** The moments m and v of a parameter, both of its shape, zero before the first step. */
export interface Moments {
  readonly first: Node
  readonly second: Node
}

/** What changes from step to step, as scalar inputs of the graph. */
export interface AdamWScalars {
  /** η / (1 − β₁ᵗ) */
  readonly stepSize: Node
  /** 1 / √(1 − β₂ᵗ) */
  readonly rootCorrection: Node
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
 * AdamW (Loshchilov and Hutter 2019): m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²,
 * θ ← θ − ηλθ − η·m̂ / (√v̂ + ε), where m̂ = m/(1−β₁ᵗ) and v̂ = v/(1−β₂ᵗ).
 * Vectors (norms) do not decay: pulling a gain towards 0 is not what decay is for.
 */
export function adamW(
  parameter: Node,
  gradient: Node,
  moments: Moments,
  { stepSize, rootCorrection, decay }: AdamWScalars,
  { beta1, beta2, epsilon }: AdamWOptions,
): { parameter: Node } & Moments {
  const first = add(scale(moments.first, beta1), scale(gradient, 1 - beta1))
  const second = add(scale(moments.second, beta2), scale(square(gradient), 1 - beta2))
  // Numerator and denominator over rootCorrection: what is left of it there is a number, not an array.
  const root = add(sqrt(second), divide(constant(epsilon), rootCorrection))
  const step = divide(stepSize, rootCorrection)
  const kept = parameter.shape.length > 1 ? multiply(parameter, decay) : parameter
  return { parameter: subtract(kept, divide(multiply(first, step), root)), first, second }
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
