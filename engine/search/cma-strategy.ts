import { EngineError } from '../errors.ts'

/** The constants of CMA-ES (Hansen 2016, Table 1, the weights of the worse half zero). */
export interface Strategy {
  /** μ: so many of a generation have a weight. */
  readonly parents: number
  /** Of the parents, the best first; they sum to 1. */
  readonly weights: readonly number[]
  /** μ_eff = 1 / Σw². */
  readonly effective: number
  readonly cSigma: number
  readonly dSigma: number
  readonly cPath: number
  readonly c1: number
  readonly cMu: number
  /** E‖N(0, I)‖. */
  readonly expectedNorm: number
}

export function strategyOf(dimensions: number, population: number): Strategy {
  if (!Number.isInteger(population) || population < 4) {
    throw new EngineError('INVALID_INPUT', `the population is ${population}: CMA-ES needs 4 points at least`)
  }
  const n = dimensions
  const parents = Math.floor(population / 2)
  const raw = Array.from({ length: parents }, (_, rank) => Math.log((population + 1) / 2) - Math.log(rank + 1))
  const total = raw.reduce((sum, value) => sum + value, 0)
  const weights = raw.map(value => value / total)
  const effective = 1 / weights.reduce((sum, value) => sum + value * value, 0)

  const cSigma = (effective + 2) / (n + effective + 5)
  const c1 = 2 / ((n + 1.3) ** 2 + effective)
  return {
    parents,
    weights,
    effective,
    cSigma,
    dSigma: 1 + 2 * Math.max(0, Math.sqrt((effective - 1) / (n + 1)) - 1) + cSigma,
    cPath: (4 + effective / n) / (n + 4 + (2 * effective) / n),
    c1,
    cMu: Math.min(1 - c1, (2 * (1 / 4 + effective + 1 / effective - 2)) / ((n + 2) ** 2 + effective)),
    expectedNorm: Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)),
  }
}
