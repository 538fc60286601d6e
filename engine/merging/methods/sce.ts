import { flag, like, mergeMethod, number } from '../merge-method.ts'
import { keepRanks } from '../sparsity.ts'
import { sum, taskVectors } from '../task-vectors.ts'

/**
 * Select, calculate, erase ("FuseChat", Wan et al. 2024, arXiv:2408.07990): only the share `select_topk` of the places
 * where the δᵢ vary at all, those of the largest variance over the models, are kept; wᵢ ∝ mean δᵢ²; at each place the
 * models that disagree with the sign of Σδᵢ are left out: θ₀ + Σ_agreeing wᵢδᵢ / Σ_agreeing wᵢ. Equal models give the
 * same model when everything is selected (the default); otherwise nothing varies, and the base is the result.
 */
export const sce = mergeMethod({
  name: 'sce',
  base: 'task',
  models: [1, Infinity],
  shared: { select_topk: number({ default: 1, from: 0, to: 1 }), int8_mask: flag(false) },
  each: {},
  merge({ base, models, shared: { select_topk: share } }) {
    const deltas = taskVectors(base!, models)
    if (share < 1) select(deltas, share)
    const energies = deltas.map(delta => delta.reduce((total, value) => total + value * value, 0) / delta.length)
    const energy = sum(energies)
    const weights = energies.map(value => (energy > 0 ? value / energy : 1 / deltas.length))

    const merged = base!.data.map((value, index) => {
      const sign = sum(deltas.map(delta => delta[index]!)) >= 0 ? 1 : -1
      let [mixed, divisor] = [0, 0]
      for (const [model, delta] of deltas.entries()) {
        if (Math.sign(delta[index]!) !== sign) continue
        mixed += weights[model]! * delta[index]!
        divisor += weights[model]!
      }
      return value + (divisor === 0 ? mixed : mixed / divisor)
    })
    return like(base!, merged)
  },
})

/** Sets the δᵢ to zero wherever their variance is not among the largest. In place. */
function select(deltas: readonly Float64Array[], share: number): void {
  const variances = deltas[0]!.map((_, index) => {
    const mean = sum(deltas.map(delta => delta[index]!)) / deltas.length
    return sum(deltas.map(delta => (delta[index]! - mean) ** 2)) / deltas.length
  })
  const varying = variances.reduce((count, variance) => count + (variance > 0 ? 1 : 0), 0)
  keepRanks(variances, variances.length - Math.floor(share * varying), variances.length)
  for (const delta of deltas) for (const [index, variance] of variances.entries()) if (variance === 0) delta[index] = 0
}
