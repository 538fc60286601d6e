import { type Shape, stridesOf } from '../../graph/shapes.ts'

/** Memory that a program reads or writes. */
export interface Buffer {
  readonly id: number
  readonly kind: 'input' | 'constant' | 'output' | 'scratch'
  /** By `kind`: of the inputs, constants or outputs. */
  readonly index: number
  /** In numbers of 4 bytes. */
  readonly length: number
}

export type NewBuffer = (kind: Buffer['kind'], index: number, length: number) => Buffer

/** Buffers of one program. */
export function bufferSource(): NewBuffer {
  let made = 0
  return (kind, index, length) => ({ id: made++, kind, index, length })
}

/** How an array lies in memory: element [i, j, …] stands at offset + i·strides[0] + j·strides[1] + … */
export interface View {
  readonly buffer: Buffer
  readonly offset: number
  readonly shape: Shape
  readonly strides: readonly number[]
}

/** All of a buffer, row-major. */
export const wholeView = (buffer: Buffer, shape: Shape): View => ({
  buffer,
  offset: 0,
  shape,
  strides: stridesOf(shape),
})

/** The strides of another shape of as many elements, in the same order; undefined where there are none. */
export function reshapedStrides(shape: Shape, strides: readonly number[], target: Shape): number[] | undefined {
  const from = [...shape.keys()].filter(axis => shape[axis] !== 1)
  const to = [...target.keys()].filter(axis => target[axis] !== 1)
  const found = target.map(() => 0)
  let [i, j] = [0, 0]
  while (i < from.length && j < to.length) {
    let [oldEnd, newEnd] = [i + 1, j + 1]
    let [old, size] = [shape[from[i]], target[to[j]]]
    // The shortest runs of axes that hold as many elements.
    while (old !== size) {
      if (old < size) old *= shape[from[oldEnd++]]
      else size *= target[to[newEnd++]]
    }
    for (let axis = i; axis < oldEnd - 1; axis++)
      if (strides[from[axis]] !== strides[from[axis + 1]] * shape[from[axis + 1]]) return undefined
    let step = strides[from[oldEnd - 1]]
    for (let axis = newEnd - 1; axis >= j; axis--) {
      found[to[axis]] = step
      step *= target[to[axis]]
    }
    ;[i, j] = [oldEnd, newEnd]
  }
  return found
}

/** Strides over the axes of a larger shape, to which the view broadcasts. */
export function broadcastStrides({ shape, strides }: Pick<View, 'shape' | 'strides'>, target: Shape): number[] {
  const added = target.length - shape.length
  return target.map((_, axis) => (axis < added || shape[axis - added] === 1 ? 0 : strides[axis - added]))
}
