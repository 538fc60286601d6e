import { EngineError } from '../errors.ts'
import { constant, type Node } from '../graph/graph.ts'
import { add, multiply, subtract } from '../graph/operations.ts'
import { filterStrength, type GrokFastSchedule, validateGrokFastSchedule } from './grokfast-schedule.ts'

export interface GrokFastEma extends GrokFastSchedule {
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
 * 1 + λ(1−α)/(1+α). `alpha` and `gain` are scalar nodes: α = 0 at the first step makes µ the first gradient, and for
 * the gain, λ, see `averageGain`.
 */
export function grokFastEma(gradient: Node, average: Node, alpha: Node, gain: Node): { filtered: Node; average: Node } {
  const next = add(multiply(average, alpha), multiply(gradient, subtract(constant(1), alpha)))
  return { filtered: add(gradient, multiply(next, gain)), average: next }
}

/** λ at a step (from 1). */
export const averageGain = (options: GrokFastEma, step: number): number =>
  options.lambda * filterStrength(options, step)

export function validateGrokFastEma({ alpha, lambda, ...schedule }: GrokFastEma): void {
  validateGrokFastSchedule(schedule)
  if (!(alpha >= 0 && alpha < 1)) {
    throw new EngineError('INVALID_INPUT', `GrokFast alpha is ${alpha}: it must be from 0 to below 1, usually 0.98`)
  }
  if (!(lambda >= 0) || !Number.isFinite(lambda)) {
    throw new EngineError('INVALID_INPUT', `GrokFast lambda is ${lambda}: it must be a number from 0, usually 2`)
  }
}
