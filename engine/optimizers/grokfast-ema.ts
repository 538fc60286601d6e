import { EngineError } from '../errors.ts'
import { scale } from '../graph/composed.ts'
import { constant, type Node } from '../graph/graph.ts'
import { add, multiply, subtract } from '../graph/operations.ts'

export interface GrokFastEma {
  readonly kind: 'EMA'
  /** Share of the old average kept at a step; useful from 0.8 to 0.99. */
  readonly alpha: number
  /** Weight of the average in the gradient; useful from 0.1 to 5. */
  readonly lambda: number
}

export const grokFastEmaDefaults: GrokFastEma = { kind: 'EMA', alpha: 0.98, lambda: 2 }

/**
 * GrokFast-EMA (Lee et al. 2024, arXiv:2405.20233): amplifies the slow part of the gradient.
 * µ ← αµ + (1−α)g, µ₀ = first gradient; ĝ = g + λµ. A constant gradient gains 1+λ, one that alternates in sign
 * 1 + λ(1−α)/(1+α). `alpha` is a scalar node: 0 at the first step makes µ the first gradient.
 */
export function grokFastEma(
  gradient: Node,
  average: Node,
  alpha: Node,
  lambda: number,
): { filtered: Node; average: Node } {
  const next = add(multiply(average, alpha), multiply(gradient, subtract(constant(1), alpha)))
  return { filtered: add(gradient, scale(next, lambda)), average: next }
}

export function validateGrokFastEma({ alpha, lambda }: GrokFastEma): void {
  if (!(alpha >= 0 && alpha < 1)) {
    throw new EngineError('INVALID_INPUT', `GrokFast alpha is ${alpha}: it must be from 0 to below 1, usually 0.98`)
  }
  if (!(lambda >= 0) || !Number.isFinite(lambda)) {
    throw new EngineError('INVALID_INPUT', `GrokFast lambda is ${lambda}: it must be a number from 0, usually 2`)
  }
}
