import { EngineError } from '../../errors.ts'
import { flag, like, mergeMethod, number } from '../merge-method.ts'
import { norm, whole } from '../spheres.ts'
import { sum, taskVectors, weight, weightsOf } from '../task-vectors.ts'

/**
 * A barycentre on the sphere, in the tangent space at the weighted mean: with units uᵢ = xᵢ/‖xᵢ‖ and
 * μ = Σwᵢuᵢ/‖Σwᵢuᵢ‖, τ = Σwᵢ(uᵢ − (uᵢ·μ)μ), the result is Σwᵢ‖xᵢ‖ · (cos‖τ‖ μ + sin‖τ‖ τ/‖τ‖). On task vectors
 * where there is a base. Source: Goddard, "Multi-SLERP" (goddard.blog). Equal models give the same model, but for
 * rounding. With weights of sum 1, τ is zero up to rounding: μ is the extrinsic mean already.
 */
export const multislerp = mergeMethod({
  name: 'multislerp',
  base: 'optional',
  models: [1, Infinity],
  shared: { normalize_weights: flag(true), eps: number({ default: 1e-8, from: 0 }) },
  each: weight,
  merge({ base, models, shared: { normalize_weights, eps }, each }) {
    if (models.length === 1) return models[0]!
    const total = sum(weightsOf(each))
    const weights = weightsOf(each).map(value => (normalize_weights ? value / total : value))
    const vectors = base ? taskVectors(base, models) : models.map(({ data }) => Float64Array.from(data))
    const norms = vectors.map(vector => norm(whole(vector)))
    const units = vectors.map((vector, model) => vector.map(value => value / (norms[model]! + eps)))

    const mean = combined(units, weights)
    const length = norm(whole(mean))
    const result = length < eps ? balanced(vectors, weights) : scaled(onSphere(units, weights, mean, length), norms)
    return like(
      models[0]!,
      Float32Array.from(result, (value, index) => value + (base?.data[index] ?? 0)),
    )

    function scaled(point: Float64Array, lengths: readonly number[]) {
      const radius = sum(lengths.map((value, model) => value * weights[model]!))
      return point.map(value => value * radius)
    }
  },
})

function onSphere(units: readonly Float64Array[], weights: readonly number[], sums: Float64Array, length: number) {
  const mean = sums.map(value => value / length)
  const tangent = combined(
    units.map(unit => {
      const along = unit.reduce((total, value, index) => total + value * mean[index]!, 0)
      return unit.map((value, index) => value - along * mean[index]!)
    }),
    weights,
  )
  const angle = norm(whole(tangent))
  const factor = angle > 0 ? Math.sin(angle) / angle : 1
  return mean.map((value, index) => Math.cos(angle) * value + factor * tangent[index]!)
}

/** Two vectors, or all zero, can be mixed in a line; of more that cancel, no direction is the mean. */
function balanced(vectors: readonly Float64Array[], weights: readonly number[]): Float64Array {
  if (vectors.length === 2 || vectors.every(vector => vector.every(value => value === 0))) {
    return combined(vectors, weights)
  }
  const reason = 'multislerp has no mean of tensors whose weighted directions cancel out: choose other weights'
  throw new EngineError('INVALID_INPUT', reason)
}

function combined(vectors: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const result = new Float64Array(vectors[0]!.length)
  for (const [model, vector] of vectors.entries()) {
    for (let index = 0; index < result.length; index++) result[index]! += weights[model]! * vector[index]!
  }
  return result
}
