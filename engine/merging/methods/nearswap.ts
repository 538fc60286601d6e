import { like, mergeMethod, number } from '../merge-method.ts'

/**
 * (1−w)·a + w·b with w = clamp(t / |a − b|, 0, 1): where the two nearly agree, the other model's number is taken, and
 * the further apart they are, the more of the base model's, a, stays. Source: alchemonaut, "QuartetAnemoi", 2024.
 * Equal models give the same model.
 */
export const nearswap = mergeMethod({
  name: 'nearswap',
  base: 'paired',
  models: [2, 2],
  shared: { t: number({ from: 1e-12 }) },
  each: {},
  merge({ models, shared: { t } }) {
    const [a, b] = models as [(typeof models)[0], (typeof models)[0]]
    const merged = a.data.map((value, index) => {
      const difference = b.data[index]! - value
      return value + difference * Math.min(1, t / Math.abs(difference) || 1)
    })
    return like(a, merged)
  },
})
