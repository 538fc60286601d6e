import { EngineError } from '../errors.ts'
import type { Node } from '../graph/graph.ts'
import { add, multiply, subtract } from '../graph/operations.ts'
import { filterStrength, type GrokFastSchedule, validateGrokFastSchedule } from './grokfast-schedule.ts'

export interface GrokFastMa extends GrokFastSchedule {
  readonly kind: 'MA'
  /** Gradients remembered; each takes as much memory as the parameters. */
  readonly window: number
  readonly lambda: number
}

export const grokFastMaDefaults: GrokFastMa = { kind: 'MA', window: 100, lambda: 5 }

/**
 * GrokFast-MA (Lee et al. 2024, arXiv:2405.20233): ĝ = g + λ·mean of the last w gradients, this one included; plain g
 * until there are w. The window's sum is carried along, Σ ← Σ + g − oldest, so a step costs the same for every w;
 * the gradients themselves stay outside the graph and cost w times the parameters' memory.
 * `gain` is a scalar node: see `movingAverageGain`. `oldest` is the gradient that leaves, zeros while none does.
 */
export function grokFastMa(gradient: Node, total: Node, oldest: Node, gain: Node): { filtered: Node; total: Node } {
  const next = subtract(add(total, gradient), oldest)
  return { filtered: add(gradient, multiply(next, gain)), total: next }
}

/** λ/w at the steps (from 1) when the window is full, 0 before. */
export function movingAverageGain({ window, lambda, ...schedule }: GrokFastMa, step: number): number {
  return step >= window ? (lambda / window) * filterStrength(schedule, step) : 0
}

export function validateGrokFastMa({ window, lambda, ...schedule }: GrokFastMa): void {
  validateGrokFastSchedule(schedule)
  if (!Number.isSafeInteger(window) || window < 1) {
    throw new EngineError(
      'INVALID_INPUT',
      `GrokFast window is ${window}: it must be a whole number from 1, usually 100`,
    )
  }
  if (!(lambda >= 0) || !Number.isFinite(lambda)) {
    throw new EngineError('INVALID_INPUT', `GrokFast lambda is ${lambda}: it must be a number from 0, usually 5`)
  }
}
