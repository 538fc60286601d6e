import { dellaParameters, della as prune } from '../della-pruning.ts'
import { mergeMethod } from '../merge-method.ts'

/**
 * θ₀ + λ·Σwᵢδ̂ᵢ, δ̂ᵢ pruned as by `della` (Deep et al. 2024, arXiv:2406.11617), without an election of signs.
 * Equal models give the same model at density 1 and weights of sum 1.
 */
export const dellaLinear = mergeMethod({
  name: 'della_linear',
  ...dellaParameters(false),
  merge: input => prune(input, false),
})
