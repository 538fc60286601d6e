import { scale, square } from '../graph/composed.ts'
import { constant, type Node } from '../graph/graph.ts'
import { add, divide, multiply, sqrt } from '../graph/operations.ts'

/** The moments m and v of a parameter, both of its shape, zero before the first step. */
export interface Moments {
  readonly first: Node
  readonly second: Node
}

/** How far the moments reach back: β₁ and β₂, and the ε that keeps the quotient finite. */
export interface MomentOptions {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

/** What changes from step to step, as scalar inputs of the graph. */
export interface MomentScalars {
  /** η / (1 − β₁ᵗ) */
  readonly stepSize: Node
  /** 1 / √(1 − β₂ᵗ) */
  readonly rootCorrection: Node
}

/**
 * By how much a gradient g moves what it is the gradient of, in Adam (Kingma and Ba 2015): m ← β₁m + (1−β₁)g,
 * v ← β₂v + (1−β₂)g², change = η·m̂ / (√v̂ + ε), where m̂ = m/(1−β₁ᵗ) and v̂ = v/(1−β₂ᵗ).
 */
export function adaptiveChange(
  gradient: Node,
  moments: Moments,
  { stepSize, rootCorrection }: MomentScalars,
  { beta1, beta2, epsilon }: MomentOptions,
): { change: Node } & Moments {
  const first = add(scale(moments.first, beta1), scale(gradient, 1 - beta1))
  const second = add(scale(moments.second, beta2), scale(square(gradient), 1 - beta2))
  // Numerator and denominator over rootCorrection: what is left of it there is a number, not an array.
  const root = add(sqrt(second), divide(constant(epsilon), rootCorrection))
  const step = divide(stepSize, rootCorrection)
  return { change: divide(multiply(first, step), root), first, second }
}
