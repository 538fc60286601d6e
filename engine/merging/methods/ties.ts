import { mergeMethod } from '../merge-method.ts'
import { keepRanks, keptCount } from '../sparsity.ts'
import { addMixed, sparse, taskParameters, taskVectors, weightsOf } from '../task-vectors.ts'

/**
 * Of each δᵢ only the largest `density` by magnitude stay. The sign at a place is that of Σwᵢδᵢ, and the weighted mean
 * is over the models that agree with it: θ₀ + λ · Σ_agreeing wᵢδᵢ / Σ_agreeing wᵢ. "TIES-Merging", Yadav et al. 2023
 * (arXiv:2306.01708). Equal models give the same model at density 1; below, the small changes are lost.
 */
export const ties = mergeMethod({
  name: 'ties',
  base: 'task',
  models: [1, Infinity],
  shared: taskParameters(true),
  each: sparse,
  merge({ base, models, shared, each }) {
    const deltas = taskVectors(base!, models).map((delta, model) =>
      keepRanks(delta, delta.length - keptCount(delta.length, each[model]!.density), delta.length),
    )
    return addMixed(base!, deltas, { ...shared, weights: weightsOf(each), electSigns: true })
  },
})
