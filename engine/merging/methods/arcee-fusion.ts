import type { Tensor } from '../../formats/safetensors.ts'
import { like, mergeMethod } from '../merge-method.ts'

/** Keeps the logarithm of a probability that is zero in 64 bits finite. */
const eps = 1e-8

/**
 * Takes the other model's number, b, instead of the base's, a, only where it matters: importance
 * |b − a| · KL(softmax(b) ‖ softmax(a)), the divergence per row, at or above median + 1.5·(Q₃ − Q₁) of the tensor.
 * Source: Arcee AI, "Arcee Fusion" in mergekit, which samples the quartiles of tensors above a million numbers; here
 * they are exact. Equal models give the same model.
 */
export const arceeFusion = mergeMethod({
  name: 'arcee_fusion',
  base: 'paired',
  models: [2, 2],
  shared: {},
  each: {},
  merge({ models }) {
    const [a, b] = models as [Tensor, Tensor]
    const importance = importanceOf(a, b)
    const sorted = importance.toSorted()
    const quantile = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!
    const threshold = quantile(0.5) + 1.5 * (quantile(0.75) - quantile(0.25))
    return like(
      a,
      a.data.map((value, index) => (importance[index]! >= threshold ? b.data[index]! : value)),
    )
  },
})

function importanceOf(a: Tensor, b: Tensor): Float64Array {
  const length = a.shape.at(-1) ?? 1
  const importance = new Float64Array(a.data.length)
  for (let start = 0; start < importance.length; start += length) {
    const [q, p] = [a, b].map(({ data }) => softmax(data.subarray(start, start + length)))
    const divergence = p!.reduce(
      (sum, value, index) => sum + (value + eps) * Math.log((value + eps) / (q![index]! + eps)),
      0,
    )
    for (let index = start; index < start + length; index++) {
      importance[index] = Math.abs(b.data[index]! - a.data[index]!) * divergence
    }
  }
  return importance
}

function softmax(row: Float32Array): Float64Array {
  let [largest, total] = [-Infinity, 0]
  for (const value of row) largest = Math.max(largest, value)
  const powers = Float64Array.from(row, value => Math.exp(value - largest))
  for (const power of powers) total += power
  return powers.map(power => power / total)
}
