import { EngineError } from '../errors.ts'

/** What a configuration has come to at a rung. */
export interface Contender {
  /** Infinite where it failed there: it counts, and is never among the best. */
  readonly loss: number
  /** Whether it waits here: it has neither gone on nor been given up. */
  readonly waits: boolean
}

/**
 * ASHA's rungs ("A System for Massively Parallel Hyperparameter Tuning", Li et al. 2020, algorithm 2): r·ηᵏ steps for
 * k = 0 … ⌊log_η(R/r)⌋, with minimum early-stopping rate s = 0. The last is R itself, where R/r is no power of η too:
 * whoever comes there has made all its steps.
 */
export function rungsOf(minimum: number, maximum: number, eta: number): readonly number[] {
  if (!Number.isInteger(eta) || eta < 2) {
    throw new EngineError('INVALID_INPUT', `eta is ${eta}: one of so many goes on, so take a whole number from 2`)
  }
  if (!Number.isInteger(minimum) || minimum < 1 || minimum > maximum) {
    throw new EngineError('INVALID_INPUT', `minSteps is ${minimum}: take a whole number from 1 to the ${maximum} steps`)
  }
  const rungs: number[] = []
  for (let steps = minimum; steps * eta <= maximum; steps *= eta) rungs.push(steps)
  return [...rungs, maximum]
}

/**
 * ASHA's rule of promotion (algorithm 2, get_job): from the last rung but one down to the first, the best of those that
 * wait among the ⌊|rung|/η⌋ lowest losses. Null where nobody is to go on, and the first rung should grow instead. Of
 * equal losses the first counts as the lower.
 */
export function nextPromotion<T extends Contender>(rungs: readonly (readonly T[])[], eta: number): T | null {
  for (const rung of rungs.slice(0, -1).toReversed()) {
    const best = rung.toSorted((one, other) => one.loss - other.loss).slice(0, Math.floor(rung.length / eta))
    const promoted = best.find(({ waits, loss }) => waits && loss < Number.POSITIVE_INFINITY)
    if (promoted) return promoted
  }
  return null
}
