import { dare, dareParameters } from '../dare.ts'
import { mergeMethod } from '../merge-method.ts'

/**
 * θ₀ + λ·Σwᵢ·mᵢ⊙δᵢ/p, mᵢ ~ Bernoulli(p), p the density (Yu et al. 2024, arXiv:2311.03099).
 * Equal models give the same model at density 1 and weights of sum 1; below, only in expectation.
 */
export const dareLinear = mergeMethod({ name: 'dare_linear', ...dareParameters, merge: input => dare(input, false) })
