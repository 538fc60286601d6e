import type { Tensor } from '../formats/safetensors.ts'
import { flag, like, number } from './merge-method.ts'

/** δᵢ = θᵢ − θ₀, in 64 bits. */
export function taskVectors(base: Tensor, models: readonly Tensor[]): Float64Array[] {
  return models.map(({ data }) => Float64Array.from(data, (value, index) => value - base.data[index]!))
}

interface Mixing {
  readonly weights: readonly number[]
  /** Divides by the sum of the weights that took part. */
  readonly normalize: boolean
  readonly lambda: number
  /**
   * TIES: at each place only the models whose wᵢδᵢ has the sign of Σwᵢδᵢ take part; a sum of zero counts as positive
   * (Yadav et al. 2023, §4).
   */
  readonly electSigns: boolean
}

/** θ₀ + λ·Σwᵢδᵢ, over the sum of the wᵢ that took part where it is normalized. */
export function addMixed(base: Tensor, deltas: readonly Float64Array[], mixing: Mixing): Tensor {
  const { weights, normalize, lambda, electSigns } = mixing
  const total = sum(weights)
  const merged = new Float32Array(base.data.length)
  for (let index = 0; index < merged.length; index++) {
    let mixed = 0
    for (let model = 0; model < deltas.length; model++) mixed += weights[model]! * deltas[model]![index]!
    let divisor = total
    if (electSigns) {
      const sign = mixed >= 0 ? 1 : -1
      ;[mixed, divisor] = [0, 0]
      for (let model = 0; model < deltas.length; model++) {
        const weighted = weights[model]! * deltas[model]![index]!
        // Zero has no sign: what a mask has taken out does not thin what is left.
        if (Math.sign(weighted) !== sign) continue
        mixed += weighted
        divisor += weights[model]!
      }
    }
    if (normalize && Math.abs(divisor) > 1e-8) mixed /= divisor
    merged[index] = base.data[index]! + lambda * mixed
  }
  return like(base, merged)
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value, 0)

/** What all methods on task vectors let a recipe choose. */
export const taskParameters = (normalize: boolean) => ({
  normalize: flag(normalize),
  lambda: number({ default: 1 }),
  // mergekit's, to save memory: it changes no result, and is let pass so that its recipes run.
  int8_mask: flag(false),
})

export const weight = { weight: number() }
export const sparse = { ...weight, density: number({ default: 1, from: 0, to: 1 }) }

export const weightsOf = (each: readonly { readonly weight: number }[]) => each.map(values => values.weight)
