import { EngineError } from '../errors.ts'

/** Sizes of the axes; a scalar has none. */
export type Shape = readonly number[]

export const describeShape = (shape: Shape): string => `[${shape.join(', ')}]`

export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1)

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, i) => size === b[i])

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1)
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1]
  return strides
}

/** The shape that both broadcast to under NumPy's rule: aligned at the end, sizes equal or 1. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1
    const right = b[i - rank + b.length] ?? 1
    if (left !== right && left !== 1 && right !== 1)
      throw new EngineError(
        'INVALID_INPUT',
        `${operation}: the shapes ${describeShape(a)} and ${describeShape(b)} do not broadcast.`,
      )
    return left === 1 ? right : left
  })
}

/** Axes counted from the front, ascending; negative ones count from the end. */
export function normalizeAxes(operation: string, shape: Shape, axes: readonly number[]): number[] {
  const normal = axes.map(axis => (axis < 0 ? axis + shape.length : axis)).sort((a, b) => a - b)
  const wrong = normal.some(
    (axis, i) => !Number.isInteger(axis) || axis < 0 || axis >= shape.length || axis === normal[i - 1],
  )
  if (wrong)
    throw new EngineError(
      'INVALID_INPUT',
      `${operation}: the axes ${describeShape(axes)} do not fit the shape ${describeShape(shape)}.`,
    )
  return normal
}

/** The shape after a reduction over axes (normalized). */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  if (keepDims) return shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  return shape.filter((_, axis) => !axes.includes(axis))
}
