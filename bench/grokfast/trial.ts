import type { GrokFast } from '../../engine/training/options.ts'

/** What one process trains. */
export interface Trial {
  readonly name: string
  readonly filter: GrokFast | null
  /** Coupled L2. */
  readonly weightDecay: number
  readonly seed: number
  /** Iterations after which it is given up. */
  readonly limit: number
}

/** What it answers. */
export interface Outcome {
  /** The iteration at which the validation accuracy first was 0.95, null when it never was. */
  readonly iterations: number | null
  /** Iterations taken in all. */
  readonly taken: number
  readonly trainingAccuracy: number
  readonly validationAccuracy: number
  readonly seconds: number
}

export const WANTED = 0.95
