import { expect, it } from 'vitest'
import { seededRandom } from '../../../engine/random.ts'
import { bootstrapMean } from '../../../engine/search/bootstrap.ts'

it('the interval is about two standard errors around the mean', () => {
  const random = seededRandom(4)
  const values = Array.from({ length: 400 }, () => 1 + 2 * random.normal())
  const { mean, low, high } = bootstrapMean(values, 1)
  expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 400, 12)
  const error = 1.96 * (2 / Math.sqrt(400))
  expect(Math.abs(mean - low - error)).toBeLessThan(0.03)
  expect(Math.abs(high - mean - error)).toBeLessThan(0.03)
})

it('is a point where nothing varies, and needs something to compare', () => {
  expect(bootstrapMean([0.5, 0.5, 0.5], 1)).toEqual({ mean: 0.5, low: 0.5, high: 0.5 })
  expect(() => bootstrapMean([], 1)).toThrow(/nothing to compare/)
})
