import { flag, like, mergeMethod } from '../merge-method.ts'
import { sum, weight, weightsOf } from '../task-vectors.ts'

/**
 * Σwᵢθᵢ / Σwᵢ; not divided without `normalize`. "Model soups", Wortsman et al. 2022 (arXiv:2203.05482).
 * Equal models give the same model.
 */
export const linear = mergeMethod({
  name: 'linear',
  base: 'none',
  models: [1, Infinity],
  shared: { normalize: flag(true) },
  each: weight,
  merge({ models, shared: { normalize }, each }) {
    const weights = weightsOf(each)
    const total = sum(weights)
    const divisor = normalize && Math.abs(total) > 1e-8 ? total : 1
    const merged = models[0]!.data.map((_, index) => {
      let mixed = 0
      for (let model = 0; model < models.length; model++) mixed += weights[model]! * models[model]!.data[index]!
      return mixed / divisor
    })
    return like(models[0]!, merged)
  },
})
