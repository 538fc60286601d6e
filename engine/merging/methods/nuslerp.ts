import type { Tensor } from '../../formats/safetensors.ts'
import { flag, like, mergeMethod } from '../merge-method.ts'
import { slerpFactors, type Vector, whole } from '../spheres.ts'
import { sum, taskVectors, weight, weightsOf } from '../task-vectors.ts'

/** The sine below which mergekit's nuslerp interpolates linearly is 1e-8; this is the cosine of it, in 64 bits. */
const colinear = 1 - 1e-15

/**
 * Slerp with t = w₂ / (w₁ + w₂), ½ where the weights cancel; on task vectors δᵢ = θᵢ − θ₀ where there is a base.
 * The tensor is one vector with `nuslerp_flatten`, otherwise each vector along its last axis turns by its own angle, or
 * along its first with `nuslerp_row_wise`. Source: mergekit, "NuSLERP". Equal models give the same model.
 */
export const nuslerp = mergeMethod({
  name: 'nuslerp',
  base: 'optional',
  models: [2, 2],
  shared: { nuslerp_flatten: flag(true), nuslerp_row_wise: flag(false) },
  each: weight,
  merge({ base, models, shared, each }) {
    const weights = weightsOf(each)
    const total = sum(weights)
    const t = Math.abs(total) < 1e-6 ? 0.5 : weights[1]! / total
    const [a, b] = base ? taskVectors(base, models) : models.map(({ data }) => data)

    const merged = new Float32Array(a!.length)
    const along = shared.nuslerp_flatten ? null : shared.nuslerp_row_wise ? 'first' : 'last'
    for (const vector of vectors(models[0]!, a!, along)) {
      const [ofA, ofB] = slerpFactors(vector, { ...vector, data: b! }, t, colinear)
      for (let index = 0; index < vector.length; index++) {
        const place = vector.start + index * vector.stride
        merged[place] = (base?.data[place] ?? 0) + ofA * a![place]! + ofB * b![place]!
      }
    }
    return like(models[0]!, merged)
  },
})

/** The vectors along an axis, or all numbers as one. */
function* vectors({ shape }: Tensor, data: Vector['data'], along: 'first' | 'last' | null): Generator<Vector> {
  if (along === null || shape.length < 2) return yield whole(data)
  const length = along === 'last' ? shape.at(-1)! : shape[0]!
  const stride = along === 'last' ? 1 : data.length / length
  for (let vector = 0; vector < data.length / length; vector++) {
    yield { data, start: along === 'last' ? vector * length : vector, stride, length }
  }
}
