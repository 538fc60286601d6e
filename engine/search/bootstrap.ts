import { EngineError } from '../errors.ts'
import { seededRandom } from '../random.ts'

export interface Interval {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/**
 * The mean of paired differences with its 95 % percentile bootstrap interval (Efron & Tibshirani 1993, §13.3): the
 * 2.5 % and 97.5 % quantiles of the means of so many samples drawn with replacement.
 */
export function bootstrapMean(differences: readonly number[], seed: number, samples = 10_000): Interval {
  const count = differences.length
  if (count === 0) throw new EngineError('INVALID_INPUT', 'there is nothing to compare: no difference was measured')
  const random = seededRandom(seed)
  const means = Float64Array.from({ length: samples }, () => {
    let total = 0
    for (let drawn = 0; drawn < count; drawn++) total += differences[random.integer(count)]!
    return total / count
  }).sort()
  const mean = differences.reduce((sum, value) => sum + value, 0) / count
  return { mean, low: means[Math.floor(0.025 * samples)]!, high: means[Math.ceil(0.975 * samples) - 1]! }
}
