import type { Shape } from '../graph/graph.ts'
import { sizeOf, stridesOf } from '../graph/shapes.ts'

/** Fills an array of this shape by a function of the coordinates (the same array at every call: do not keep it). */
export function fill(shape: Shape, element: (at: readonly number[]) => number): Float64Array {
  const out = new Float64Array(sizeOf(shape))
  const at = shape.map(() => 0)
  for (let i = 0; i < out.length; i++) {
    out[i] = element(at)
    for (let axis = shape.length - 1; axis >= 0 && ++at[axis] === shape[axis]; axis--) at[axis] = 0
  }
  return out
}

/** Reads x at coordinates of a shape that x broadcasts to. */
export function reader(x: Float64Array, shape: Shape): (at: readonly number[]) => number {
  const strides = stridesOf(shape)
  return at => {
    const skipped = at.length - shape.length
    let index = 0
    for (let axis = 0; axis < shape.length; axis++) if (shape[axis] !== 1) index += at[axis + skipped] * strides[axis]
    return x[index]
  }
}

export function rowsOf(x: Float64Array, width: number): Float64Array[] {
  return Array.from({ length: x.length / width }, (_, row) => x.subarray(row * width, (row + 1) * width))
}

export const logSumExp = (row: Float64Array): number => {
  const largest = row.reduce((a, b) => Math.max(a, b))
  return largest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0))
}

/** ∫ by Simpson's rule on 2,000 intervals: error below 1e-14 for |x| ≤ 6, beyond which erf is ±1 to float64. */
export function erf(x: number): number {
  if (Math.abs(x) >= 6) return Math.sign(x)
  const intervals = 2000
  const step = x / intervals
  let sum = 1 + Math.exp(-x * x)
  for (let i = 1; i < intervals; i++) sum += (i % 2 === 1 ? 4 : 2) * Math.exp(-((i * step) ** 2))
  return ((2 / Math.sqrt(Math.PI)) * (sum * step)) / 3
}
