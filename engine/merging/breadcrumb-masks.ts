import type { Tensor } from '../formats/safetensors.ts'
import { type MergeInput, number } from './merge-method.ts'
import { keepRanks, keptCount } from './sparsity.ts'
import { addMixed, sparse, taskParameters, taskVectors, weightsOf } from './task-vectors.ts'

export const breadcrumbParameters = {
  base: 'task',
  models: [1, Infinity],
  shared: taskParameters(false),
  each: { ...sparse, gamma: number({ default: 0.01, from: 0, to: 1 }) },
} as const

type Shared = { readonly normalize: boolean; readonly lambda: number }
type Each = { readonly weight: number; readonly density: number; readonly gamma: number }

/**
 * Model breadcrumbs (Davari & Belilovsky 2023, arXiv:2312.06795): of each δᵢ the share γ with the largest magnitudes
 * is dropped as outliers, and of the smallest so many that the share `density` stays; γ gives way where both do not go
 * together.
 */
export function breadcrumbs({ base, models, shared, each }: MergeInput<Shared, Each>, electSigns: boolean): Tensor {
  const deltas = taskVectors(base!, models).map((delta, model) => {
    const { density, gamma } = each[model]!
    if (density >= 1) return delta
    const kept = keptCount(delta.length, density)
    const from = Math.max(0, delta.length - kept - Math.floor(gamma * delta.length))
    return keepRanks(delta, from, from + kept)
  })
  return addMixed(base!, deltas, { ...shared, weights: weightsOf(each), electSigns })
}
