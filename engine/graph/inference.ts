import { EngineError } from '../errors.ts'
import type { Node, Shape } from './graph.ts'
import { broadcastShapes, describeShape, normalizeAxes, sameShape, sizeOf } from './shapes.ts'

/*
 * The shape that an operation gives, or INVALID_INPUT naming the shapes that it cannot take.
 */

const invalid = (message: string) => new EngineError('INVALID_INPUT', message)

export function requireFloat(operation: string, ...nodes: readonly Node[]) {
  for (const { type, shape } of nodes)
    if (type !== 'float32')
      throw invalid(`${operation} takes float32; it was given ${type} of shape ${describeShape(shape)}.`)
}

export function requireInt(operation: string, role: string, { type, shape }: Node) {
  if (type !== 'int32')
    throw invalid(`${operation} takes int32 ${role}; they are ${type} of shape ${describeShape(shape)}.`)
}

export function requireSameType(operation: string, a: Node, b: Node) {
  if (a.type !== b.type)
    throw invalid(
      `${operation}: ${a.type} of shape ${describeShape(a.shape)} does not go with ${b.type} of shape ${describeShape(b.shape)}; cast one.`,
    )
}

export function requireSameShape(operation: string, { shape: a }: Node, { shape: b }: Node) {
  if (!sameShape(a, b))
    throw invalid(`${operation} takes two of one shape; it was given ${describeShape(a)} and ${describeShape(b)}.`)
}

export function requireLastAxis(operation: string, { shape }: Node) {
  if (shape.length === 0) throw invalid(`${operation} needs at least one axis; it was given a scalar.`)
}

export function requireAngles(operation: string, x: Node, ...angles: readonly Node[]) {
  const [tokens, width] = x.shape.slice(-2)
  const wrong = angles.find(({ shape }) => x.shape.length !== 4 || !sameShape(shape, [tokens, width / 2]))
  if (wrong)
    throw invalid(
      `${operation}: angles of shape ${describeShape(wrong.shape)} do not fit ${describeShape(x.shape)}; for x of [batch, heads, tokens, width] they are [tokens, width / 2].`,
    )
}

export function requireWeight(operation: string, x: Node, weight: Node) {
  requireLastAxis(operation, x)
  if (!sameShape(weight.shape, x.shape.slice(-1)))
    throw invalid(
      `${operation}: a weight of shape ${describeShape(weight.shape)} does not fit ${describeShape(x.shape)}; it takes one number per element of the last axis.`,
    )
}

/** One index for each row of a matrix. */
export function requireRows(operation: string, x: Node, indices: Node) {
  requireFloat(operation, x)
  requireInt(operation, 'indices', indices)
  if (x.shape.length !== 2 || !sameShape(indices.shape, x.shape.slice(0, 1)))
    throw invalid(
      `${operation} takes one index per row; it was given ${describeShape(x.shape)} and indices of shape ${describeShape(indices.shape)}.`,
    )
}

export function requireValues(operation: string, indices: Node, values: Node) {
  if (!sameShape(values.shape, indices.shape))
    throw invalid(
      `${operation}: ${describeShape(values.shape)} values do not fit indices of shape ${describeShape(indices.shape)}.`,
    )
}

export function matmulShape(
  { shape: a }: Node,
  { shape: b }: Node,
  transposeA: boolean,
  transposeB: boolean,
): number[] {
  const described = `${describeShape(a)}${transposeA ? 'ᵀ' : ''} and ${describeShape(b)}${transposeB ? 'ᵀ' : ''}`
  if (a.length < 2 || b.length < 2) throw invalid(`matmul needs at least two axes; it was given ${described}.`)
  const [m, left] = transposeA ? a.slice(-2).reverse() : a.slice(-2)
  const [right, n] = transposeB ? b.slice(-2).reverse() : b.slice(-2)
  if (left !== right) throw invalid(`matmul: the inner sizes of ${described} differ (${left} and ${right}).`)
  return [...broadcastShapes('matmul', a.slice(0, -2), b.slice(0, -2)), m, n]
}

export function transposedShape({ shape }: Node, permutation: readonly number[]): number[] {
  const sorted = [...permutation].sort((a, b) => a - b)
  if (!sameShape(sorted, [...shape.keys()]))
    throw invalid(`transpose: ${describeShape(permutation)} is no permutation of the axes of ${describeShape(shape)}.`)
  return permutation.map(axis => shape[axis])
}

/** The target with its -1, if it has one, worked out. */
export function reshapedShape({ shape }: Node, target: Shape): number[] {
  const known = sizeOf(target.filter(size => size !== -1))
  const full = target.map(size => (size === -1 ? sizeOf(shape) / known : size))
  const unknown = target.length - target.filter(size => size !== -1).length
  if (unknown > 1 || sizeOf(full) !== sizeOf(shape) || full.some(size => !Number.isInteger(size)))
    throw invalid(`reshape: ${describeShape(shape)} does not have as many elements as ${describeShape(target)}.`)
  return full
}

export function requireBroadcast({ shape }: Node, target: Shape) {
  if (!sameShape(broadcastShapes('broadcastTo', shape, target), target))
    throw invalid(`broadcastTo: ${describeShape(shape)} does not broadcast to ${describeShape(target)}.`)
}

export function gatheredShape({ shape: table }: Node, { shape: indices }: Node): number[] {
  if (table.length !== 2) throw invalid(`gather takes a table of two axes; it was given ${describeShape(table)}.`)
  return [...indices, table[1]]
}

export function scatteredShape({ shape: indices }: Node, { shape: updates }: Node, rows: number): number[] {
  if (updates.length === 0 || !sameShape(updates.slice(0, -1), indices))
    throw invalid(
      `scatterAdd: updates of shape ${describeShape(updates)} do not fit indices of shape ${describeShape(indices)}.`,
    )
  return [rows, updates[updates.length - 1]]
}

export function slicedShape({ shape }: Node, starts: readonly number[], ends: readonly number[]): number[] {
  const fits = starts.length === shape.length && ends.length === shape.length
  if (!fits || shape.some((size, i) => !(starts[i] >= 0 && starts[i] < ends[i] && ends[i] <= size)))
    throw invalid(
      `slice: ${describeShape(starts)} to ${describeShape(ends)} does not lie within ${describeShape(shape)}.`,
    )
  return shape.map((_, i) => ends[i] - starts[i])
}

export function paddedShape({ shape }: Node, before: readonly number[], after: readonly number[]): number[] {
  const fits = before.length === shape.length && after.length === shape.length
  if (!fits || [...before, ...after].some(count => count < 0))
    throw invalid(
      `pad: ${describeShape(before)} and ${describeShape(after)} do not fit the shape ${describeShape(shape)}.`,
    )
  return shape.map((size, i) => before[i] + size + after[i])
}

export function joinedShape(parts: readonly Node[], axis: number): { shape: number[]; along: number } {
  if (parts.length === 0) throw invalid('concat needs at least one part.')
  const [{ shape, type }] = parts
  const [along] = normalizeAxes('concat', shape, [axis])
  const fits = (part: Node) =>
    part.type === type &&
    part.shape.length === shape.length &&
    part.shape.every((size, i) => i === along || size === shape[i])
  const wrong = parts.find(part => !fits(part))
  if (wrong)
    throw invalid(`concat: ${describeShape(wrong.shape)} does not go with ${describeShape(shape)} along axis ${axis}.`)
  const total = parts.reduce((size, part) => size + part.shape[along], 0)
  return { shape: shape.map((size, i) => (i === along ? total : size)), along }
}
