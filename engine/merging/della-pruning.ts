import { EngineError } from '../errors.ts'
import type { Tensor } from '../formats/safetensors.ts'
import { flag, type MergeInput, number } from './merge-method.ts'
import { keepByChance } from './sparsity.ts'
import { addMixed, sparse, taskParameters, taskVectors, weightsOf } from './task-vectors.ts'

export const dellaParameters = (normalize: boolean) => ({
  base: 'task' as const,
  models: [1, Infinity] as const,
  shared: { ...taskParameters(normalize), rescale: flag(true) },
  each: { ...sparse, epsilon: number({ default: 0.15, from: 0, to: 1 }) },
})

type Shared = { readonly normalize: boolean; readonly lambda: number; readonly rescale: boolean }
type Each = { readonly weight: number; readonly density: number; readonly epsilon: number }

/**
 * DELLA's MAGPRUNE (Deep et al. 2024, arXiv:2406.11617): within a row of n numbers, the one of rank r by magnitude, 0
 * the smallest, stays with probability density − ε + 2ε·r/(n − 1), and is divided by it: large changes stay more often.
 */
export function della({ base, models, shared, each, random }: MergeInput<Shared, Each>, electSigns: boolean): Tensor {
  const rowLength = base!.shape.at(-1) ?? 1
  const deltas = taskVectors(base!, models).map((delta, model) => {
    const { density, epsilon } = each[model]!
    if (density >= 1) return delta
    if (density - epsilon <= 0 || density + epsilon >= 1) throw outside(density, epsilon)
    const ranks = rowRanks(delta, rowLength)
    const chance = (index: number) =>
      density + epsilon * (rowLength > 1 ? (2 * ranks[index]!) / (rowLength - 1) - 1 : 0)
    return keepByChance(delta, chance, { rescale: shared.rescale, random })
  })
  return addMixed(base!, deltas, { ...shared, weights: weightsOf(each), electSigns })
}

/** Ranks by magnitude within each row; of equal ones the earlier has the lower. */
function rowRanks(numbers: Float64Array, length: number): Uint32Array {
  const ranks = new Uint32Array(numbers.length)
  const order = new Uint32Array(length)
  for (let start = 0; start < numbers.length; start += length) {
    for (let index = 0; index < length; index++) order[index] = start + index
    order.sort((a, b) => Math.abs(numbers[a]!) - Math.abs(numbers[b]!) || a - b)
    for (let rank = 0; rank < length; rank++) ranks[order[rank]!] = rank
  }
  return ranks
}

const outside = (density: number, epsilon: number) =>
  new EngineError(
    'INVALID_INPUT',
    `density ${density} ± epsilon ${epsilon} leaves the range between 0 and 1: take a smaller epsilon, or density 1`,
  )
