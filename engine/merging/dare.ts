import type { Tensor } from '../formats/safetensors.ts'
import { flag, type MergeInput } from './merge-method.ts'
import { keepByChance } from './sparsity.ts'
import { addMixed, sparse, taskParameters, taskVectors, weightsOf } from './task-vectors.ts'

const shared = { ...taskParameters(false), rescale: flag(true) }

/**
 * DARE ("drop and rescale"; "Language models are super Mario", Yu et al. 2024, arXiv:2311.03099): each number of δᵢ
 * stays with probability `density` and is divided by it, so that the expectation of the merge is that of task
 * arithmetic. mergekit instead scales what is left to the sum of magnitudes that was there, which differs a little.
 */
export const dareParameters = { base: 'task', models: [1, Infinity], shared, each: sparse } as const

type Shared = { readonly normalize: boolean; readonly lambda: number; readonly rescale: boolean }
type Each = { readonly weight: number; readonly density: number }

export function dare({ base, models, shared, each, random }: MergeInput<Shared, Each>, electSigns: boolean): Tensor {
  const deltas = taskVectors(base!, models).map((delta, model) =>
    keepByChance(delta, () => each[model]!.density, { rescale: shared.rescale, random }),
  )
  return addMixed(base!, deltas, { ...shared, weights: weightsOf(each), electSigns })
}
