import { like, mergeMethod, number } from '../merge-method.ts'
import { dot, norm, whole } from '../spheres.ts'
import { sum } from '../task-vectors.ts'

/**
 * The Riemannian centre of mass on the sphere (Karcher 1977): with units uᵢ, μ ← cos‖τ‖ μ + sin‖τ‖ τ/‖τ‖ where
 * τ = mean of θᵢ/sinθᵢ · (uᵢ − cosθᵢ μ) and θᵢ is the angle of uᵢ and μ, until ‖τ‖ < tol or for max_iter rounds;
 * then times the mean norm. Every model counts the same. A tensor of zeros has no direction, and only its norm counts.
 * Equal models give the same model, but for rounding.
 */
export const karcher = mergeMethod({
  name: 'karcher',
  base: 'none',
  models: [1, Infinity],
  shared: { max_iter: number({ default: 10, from: 1 }), tol: number({ default: 1e-5, from: 0 }) },
  each: {},
  merge({ models, shared: { max_iter: rounds, tol } }) {
    if (models.length === 1) return models[0]!
    const norms = models.map(({ data }) => norm(whole(data)))
    const units = models
      .filter((_, model) => norms[model]! > tol)
      .map(({ data }) => {
        const length = norm(whole(data))
        return Float64Array.from(data, value => value / length)
      })
    if (units.length === 0) return like(models[0]!, new Float32Array(models[0]!.data.length))

    let mean = unit(mixed(units, () => 1 / units.length)) ?? units[0]!
    for (let round = 0; round < rounds; round++) {
      const cosines = units.map(point => Math.max(-1, Math.min(1, dot(whole(mean), whole(point)))))
      const pulls = cosines.map(cosine => {
        const angle = Math.acos(cosine)
        return angle < tol ? 0 : angle / Math.sin(angle) / units.length
      })
      const back = sum(pulls.map((pull, model) => pull * cosines[model]!))
      const towards = mixed(units, model => pulls[model]!)
      const tangent = towards.map((value, index) => value - back * mean[index]!)
      const length = norm(whole(tangent))
      if (length < tol) break
      const turned = mean.map(
        (value, index) => Math.cos(length) * value + (Math.sin(length) * tangent[index]!) / length,
      )
      mean = unit(turned) ?? turned
    }
    const radius = sum(norms) / models.length
    return like(
      models[0]!,
      Float32Array.from(mean, value => radius * value),
    )
  },
})

function mixed(vectors: readonly Float64Array[], weightOf: (model: number) => number): Float64Array {
  const result = new Float64Array(vectors[0]!.length)
  for (const [model, vector] of vectors.entries()) {
    const weight = weightOf(model)
    for (let index = 0; index < result.length; index++) result[index]! += weight * vector[index]!
  }
  return result
}

/** Null where it has no direction. */
function unit(vector: Float64Array): Float64Array | null {
  const length = norm(whole(vector))
  return length < 1e-12 ? null : vector.map(value => value / length)
}
