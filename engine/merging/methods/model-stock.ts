import { flag, like, mergeMethod } from '../merge-method.ts'
import { dot, norm, type Vector } from '../spheres.ts'
import { taskVectors } from '../task-vectors.ts'

/**
 * t·θ̄ + (1−t)·θ₀ with θ̄ the mean of N models, t = N·cosθ / (1 + (N−1)·cosθ), θ the angle between their task
 * vectors; of more than two, as mergekit does it, the mean cosine of the pairs. One angle per tensor, or per row with
 * `filter_wise`. "Model Stock", Jang et al. 2024 (arXiv:2403.19522). Equal models give the same model.
 */
export const modelStock = mergeMethod({
  name: 'model_stock',
  base: 'task',
  models: [2, Infinity],
  shared: { filter_wise: flag(false) },
  each: {},
  merge({ base, models, shared }) {
    const deltas = taskVectors(base!, models)
    const { shape, data } = base!
    const length = shared.filter_wise ? (shape.at(-1) ?? 1) : data.length
    const merged = new Float32Array(data.length)
    for (let start = 0; start < data.length; start += length) {
      const cosine = meanCosine(deltas.map(delta => ({ data: delta, start, stride: 1, length })))
      const count = models.length
      const t = (count * cosine) / (1 + (count - 1) * cosine)
      for (let index = start; index < start + length; index++) {
        let total = 0
        for (const delta of deltas) total += delta[index]!
        merged[index] = data[index]! + (t * total) / count
      }
    }
    return like(base!, merged)
  },
})

/** Below this, mergekit takes a product of norms for this. */
const smallest = 1e-12

function meanCosine(vectors: readonly Vector[]): number {
  const norms = vectors.map(norm)
  let [total, pairs] = [0, 0]
  for (let one = 0; one < vectors.length; one++) {
    for (let other = one + 1; other < vectors.length; other++) {
      const cosine = dot(vectors[one]!, vectors[other]!) / Math.max(norms[one]! * norms[other]!, smallest)
      total += Math.max(-1, Math.min(1, cosine))
      pairs++
    }
  }
  return total / pairs
}
