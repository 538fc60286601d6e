import { dellaParameters, della as prune } from '../della-pruning.ts'
import { mergeMethod } from '../merge-method.ts'

/**
 * Each δᵢ pruned by chances that rise with the magnitude, then TIES's election of signs and the weighted mean of those
 * that agree. "DELLA-Merging", Deep et al. 2024 (arXiv:2406.11617). Equal models give the same model at density 1.
 */
export const della = mergeMethod({ name: 'della', ...dellaParameters(true), merge: input => prune(input, true) })
