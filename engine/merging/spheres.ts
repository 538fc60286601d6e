/** Numbers as a vector: a view of some, from `start` in steps of `stride`. */
export interface Vector {
  readonly data: Float32Array | Float64Array
  readonly start: number
  readonly stride: number
  readonly length: number
}

export const whole = (data: Vector['data']): Vector => ({ data, start: 0, stride: 1, length: data.length })

const at = ({ data, start, stride }: Vector, index: number): number => data[start + index * stride]!

export function dot(a: Vector, b: Vector): number {
  let total = 0
  for (let index = 0; index < a.length; index++) total += at(a, index) * at(b, index)
  return total
}

export const norm = (vector: Vector): number => Math.sqrt(dot(vector, vector))

/**
 * The factors of a and b in spherical interpolation (Shoemake 1985): sin((1−t)Ω)/sinΩ and sin(tΩ)/sinΩ, where Ω is
 * the angle between the two. Linear, 1 − t and t, where |cosΩ| is above `colinear`, or one of the vectors is zero.
 */
export function slerpFactors(a: Vector, b: Vector, t: number, colinear: number): readonly [number, number] {
  const norms = norm(a) * norm(b)
  const cosine = norms > 0 ? Math.max(-1, Math.min(1, dot(a, b) / norms)) : 1
  if (Math.abs(cosine) > colinear) return [1 - t, t]
  const angle = Math.acos(cosine)
  return [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)]
}
