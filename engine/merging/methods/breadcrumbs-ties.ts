import { breadcrumbParameters, breadcrumbs as mask } from '../breadcrumb-masks.ts'
import { mergeMethod } from '../merge-method.ts'

/**
 * As `breadcrumbs`, with TIES's election of signs over the masked changes (Davari & Belilovsky 2023,
 * arXiv:2312.06795; Yadav et al. 2023). Equal models give the same model at density 1 and weights of sum 1.
 */
export const breadcrumbsTies = mergeMethod({
  name: 'breadcrumbs_ties',
  ...breadcrumbParameters,
  merge: input => mask(input, true),
})
