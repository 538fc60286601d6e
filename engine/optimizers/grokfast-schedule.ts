import { EngineError } from '../errors.ts'

/** When a GrokFast filter acts; at every step, and fully, unless told otherwise. */
export interface GrokFastSchedule {
  /** Steps that pass first; the slow part is gathered meanwhile. The paper's two-stage run has 500. */
  readonly start?: number
  /** Steps over which λ then grows to its full value. */
  readonly warmUp?: number
}

/** The share of λ that acts at a step (from 1): 0 up to `start`, then growing linearly over `warmUp` steps to 1. */
export function filterStrength({ start = 0, warmUp = 0 }: GrokFastSchedule, step: number): number {
  if (step <= start) return 0
  return Math.min(1, (step - start) / Math.max(1, warmUp))
}

export function validateGrokFastSchedule({ start = 0, warmUp = 0 }: GrokFastSchedule): void {
  for (const [name, steps] of Object.entries({ start, warmUp })) {
    if (!Number.isSafeInteger(steps) || steps < 0)
      throw new EngineError('INVALID_INPUT', `GrokFast ${name} is ${steps}: it must be a whole number of steps from 0`)
  }
}
