import { breadcrumbParameters, breadcrumbs as mask } from '../breadcrumb-masks.ts'
import { mergeMethod } from '../merge-method.ts'

/**
 * θ₀ + λ·Σwᵢδ̂ᵢ, δ̂ᵢ without its outliers and its smallest changes (Davari & Belilovsky 2023, arXiv:2312.06795).
 * Equal models give the same model at density 1 and weights of sum 1.
 */
export const breadcrumbs = mergeMethod({
  name: 'breadcrumbs',
  ...breadcrumbParameters,
  merge: input => mask(input, false),
})
