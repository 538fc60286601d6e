import { EngineError } from '../errors.ts'
import { type ElementType, type Node, node, type Operation, type Shape } from './graph.ts'
import { broadcastShapes, describeShape, normalizeAxes, reducedShape, sameShape, sizeOf } from './shapes.ts'

const invalid = (message: string) => new EngineError('INVALID_INPUT', message)

function requireFloat(operation: string, ...nodes: readonly Node[]) {
  for (const { type, shape } of nodes)
    if (type !== 'float32')
      throw invalid(`${operation} takes float32; it was given ${type} of shape ${describeShape(shape)}.`)
}

function requireInt(operation: string, role: string, { type, shape }: Node) {
  if (type !== 'int32')
    throw invalid(`${operation} takes int32 ${role}; they are ${type} of shape ${describeShape(shape)}.`)
}

type Binary = 'add' | 'subtract' | 'multiply' | 'divide' | 'minimum' | 'maximum' | 'greater' | 'equal'

function binary(operation: Binary, a: Node, b: Node): Node {
  if (a.type !== b.type)
    throw invalid(
      `${operation}: ${a.type} of shape ${describeShape(a.shape)} does not go with ${b.type} of shape ${describeShape(b.shape)}; cast one.`,
    )
  if (operation === 'divide') requireFloat(operation, a)
  const type = operation === 'greater' || operation === 'equal' ? 'int32' : a.type
  return node(operation, [a, b], {}, broadcastShapes(operation, a.shape, b.shape), type)
}

export const add = (a: Node, b: Node): Node => binary('add', a, b)
export const subtract = (a: Node, b: Node): Node => binary('subtract', a, b)
export const multiply = (a: Node, b: Node): Node => binary('multiply', a, b)
export const divide = (a: Node, b: Node): Node => binary('divide', a, b)
export const minimum = (a: Node, b: Node): Node => binary('minimum', a, b)
export const maximum = (a: Node, b: Node): Node => binary('maximum', a, b)
/** 1 where a > b, else 0, as int32. */
export const greater = (a: Node, b: Node): Node => binary('greater', a, b)
/** 1 where a = b, else 0, as int32. */
export const equal = (a: Node, b: Node): Node => binary('equal', a, b)

type Unary = 'negate' | 'exp' | 'log' | 'sqrt' | 'tanh' | 'sigmoid' | 'relu' | 'erf' | 'silu' | 'softmax'

function unary(operation: Unary, x: Node): Node {
  requireFloat(operation, x)
  return node(operation, [x], {}, x.shape, x.type)
}

export const negate = (x: Node): Node => unary('negate', x)
export const exp = (x: Node): Node => unary('exp', x)
export const log = (x: Node): Node => unary('log', x)
export const sqrt = (x: Node): Node => unary('sqrt', x)
export const tanh = (x: Node): Node => unary('tanh', x)
export const sigmoid = (x: Node): Node => unary('sigmoid', x)
export const relu = (x: Node): Node => unary('relu', x)
export const erf = (x: Node): Node => unary('erf', x)
/** x · σ(x) (Elfwing et al. 2017). */
export const silu = (x: Node): Node => unary('silu', x)

/** Over the last axis. */
export function softmax(x: Node): Node {
  if (x.shape.length === 0) throw invalid('softmax needs at least one axis; it was given a scalar.')
  return unary('softmax', x)
}

/** log Σ exp over the last axis, which stays with size 1. */
export function logSumExp(x: Node): Node {
  requireFloat('logSumExp', x)
  if (x.shape.length === 0) throw invalid('logSumExp needs at least one axis; it was given a scalar.')
  return node('logSumExp', [x], {}, [...x.shape.slice(0, -1), 1], x.type)
}

/** x · weight / √(mean(x²) + ε) over the last axis, whose size the weight has (Zhang & Sennrich 2019). */
export function rmsNorm(x: Node, weight: Node, epsilon = 1e-5): Node {
  requireFloat('rmsNorm', x, weight)
  if (x.shape.length === 0 || !sameShape(weight.shape, x.shape.slice(-1)))
    throw invalid(
      `rmsNorm: a weight of shape ${describeShape(weight.shape)} does not fit ${describeShape(x.shape)}; it takes one number per element of the last axis.`,
    )
  return node('rmsNorm', [x, weight], { epsilon }, x.shape, x.type)
}

/** a where the condition (int32) is not 0, else b; all three broadcast. */
export function where(condition: Node, a: Node, b: Node): Node {
  requireInt('where', 'conditions', condition)
  if (a.type !== b.type) throw invalid(`where: the branches are ${a.type} and ${b.type}; cast one.`)
  const shape = broadcastShapes('where', condition.shape, broadcastShapes('where', a.shape, b.shape))
  return node('where', [condition, a, b], {}, shape, a.type)
}

/** Products of the last two axes, [.., m, k] × [.., k, n] → [.., m, n] after the transposes; the axes before broadcast. */
export function matmul(a: Node, b: Node, { transposeA = false, transposeB = false } = {}): Node {
  requireFloat('matmul', a, b)
  const described = `${describeShape(a.shape)}${transposeA ? 'ᵀ' : ''} and ${describeShape(b.shape)}${transposeB ? 'ᵀ' : ''}`
  if (a.shape.length < 2 || b.shape.length < 2)
    throw invalid(`matmul needs at least two axes; it was given ${described}.`)
  const [m, left] = transposeA ? a.shape.slice(-2).reverse() : a.shape.slice(-2)
  const [right, n] = transposeB ? b.shape.slice(-2).reverse() : b.shape.slice(-2)
  if (left !== right) throw invalid(`matmul: the inner sizes of ${described} differ (${left} and ${right}).`)
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2))
  return node('matmul', [a, b], { transposeA, transposeB }, [...batch, m, n], 'float32')
}

/** Axis i of the result is axis permutation[i] of x; without a permutation, the axes are reversed. */
export function transpose(
  x: Node,
  permutation: readonly number[] = x.shape.map((_, i) => x.shape.length - 1 - i),
): Node {
  if (
    !sameShape(
      [...permutation].sort((a, b) => a - b),
      [...x.shape.keys()],
    )
  )
    throw invalid(
      `transpose: ${describeShape(permutation)} is no permutation of the axes of ${describeShape(x.shape)}.`,
    )
  const shape = permutation.map(axis => x.shape[axis])
  return node('transpose', [x], { permutation: [...permutation] }, shape, x.type)
}

/** One size may be -1: what remains. */
export function reshape(x: Node, shape: Shape): Node {
  const known = sizeOf(shape.filter(size => size !== -1))
  const full = shape.map(size => (size === -1 ? sizeOf(x.shape) / known : size))
  if (
    shape.filter(size => size === -1).length > 1 ||
    sizeOf(full) !== sizeOf(x.shape) ||
    full.some(s => !Number.isInteger(s))
  )
    throw invalid(`reshape: ${describeShape(x.shape)} does not have as many elements as ${describeShape(shape)}.`)
  return node('reshape', [x], { shape: full }, full, x.type)
}

export function broadcastTo(x: Node, shape: Shape): Node {
  if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape))
    throw invalid(`broadcastTo: ${describeShape(x.shape)} does not broadcast to ${describeShape(shape)}.`)
  return node('broadcastTo', [x], { shape: [...shape] }, [...shape], x.type)
}

function reduce(operation: 'sum' | 'max', x: Node, axes: readonly number[], keepDims: boolean): Node {
  requireFloat(operation, x)
  const normal = normalizeAxes(operation, x.shape, axes)
  return node(operation, [x], { axes: normal, keepDims }, reducedShape(x.shape, normal, keepDims), x.type)
}

const allAxes = (x: Node) => [...x.shape.keys()]

export const sum = (x: Node, axes: readonly number[] = allAxes(x), keepDims = false): Node =>
  reduce('sum', x, axes, keepDims)
export const max = (x: Node, axes: readonly number[] = allAxes(x), keepDims = false): Node =>
  reduce('max', x, axes, keepDims)

/** Rows of a table [rows, width] by int32 indices of any shape → [..indices, width]. */
export function gather(table: Node, indices: Node): Node {
  requireInt('gather', 'indices', indices)
  if (table.shape.length !== 2)
    throw invalid(`gather takes a table of two axes; it was given ${describeShape(table.shape)}.`)
  return node('gather', [table, indices], {}, [...indices.shape, table.shape[1]], table.type)
}

/** Sums updates [..indices, width] into the rows that the indices name → [rows, width]; the gradient of gather. */
export function scatterAdd(indices: Node, updates: Node, rows: number): Node {
  requireInt('scatterAdd', 'indices', indices)
  requireFloat('scatterAdd', updates)
  if (!sameShape(updates.shape.slice(0, -1), indices.shape) || updates.shape.length === 0)
    throw invalid(
      `scatterAdd: updates of shape ${describeShape(updates.shape)} do not fit indices of shape ${describeShape(indices.shape)}.`,
    )
  return node('scatterAdd', [indices, updates], { rows }, [rows, updates.shape.at(-1)!], 'float32')
}

function requireRows(operation: string, x: Node, indices: Node) {
  requireFloat(operation, x)
  requireInt(operation, 'indices', indices)
  if (x.shape.length !== 2 || !sameShape(indices.shape, x.shape.slice(0, 1)))
    throw invalid(
      `${operation} takes one index per row; it was given ${describeShape(x.shape)} and indices of shape ${describeShape(indices.shape)}.`,
    )
}

/** x[i, indices[i]] of x [rows, columns] → [rows]. */
export function takeAt(x: Node, indices: Node): Node {
  requireRows('takeAt', x, indices)
  return node('takeAt', [x, indices], {}, indices.shape, x.type)
}

/** x [rows, columns] with values[i] added at [i, indices[i]]. */
export function addAt(x: Node, indices: Node, values: Node): Node {
  requireRows('addAt', x, indices)
  requireFloat('addAt', values)
  if (!sameShape(values.shape, indices.shape))
    throw invalid(
      `addAt: ${describeShape(values.shape)} values do not fit indices of shape ${describeShape(indices.shape)}.`,
    )
  return node('addAt', [x, indices, values], {}, x.shape, x.type)
}

/** From starts (inclusive) to ends (exclusive), one of each per axis. */
export function slice(x: Node, starts: readonly number[], ends: readonly number[]): Node {
  const fits = starts.length === x.shape.length && ends.length === x.shape.length
  if (!fits || x.shape.some((size, i) => !(starts[i] >= 0 && starts[i] < ends[i] && ends[i] <= size)))
    throw invalid(
      `slice: ${describeShape(starts)} to ${describeShape(ends)} does not lie within ${describeShape(x.shape)}.`,
    )
  const shape = x.shape.map((_, i) => ends[i] - starts[i])
  return node('slice', [x], { starts: [...starts], ends: [...ends] }, shape, x.type)
}

/** Zeros around x, so many before and after each axis. */
export function pad(x: Node, before: readonly number[], after: readonly number[]): Node {
  requireFloat('pad', x)
  if (before.length !== x.shape.length || after.length !== x.shape.length || [...before, ...after].some(n => n < 0))
    throw invalid(
      `pad: ${describeShape(before)} and ${describeShape(after)} do not fit the shape ${describeShape(x.shape)}.`,
    )
  const shape = x.shape.map((size, i) => before[i] + size + after[i])
  return node('pad', [x], { before: [...before], after: [...after] }, shape, x.type)
}

export function concat(parts: readonly Node[], axis: number): Node {
  if (parts.length === 0) throw invalid('concat needs at least one part.')
  const [first] = parts
  const [along] = normalizeAxes('concat', first.shape, [axis])
  const wrong = parts.find(
    part =>
      part.type !== first.type ||
      part.shape.length !== first.shape.length ||
      part.shape.some((size, i) => i !== along && size !== first.shape[i]),
  )
  if (wrong)
    throw invalid(
      `concat: ${describeShape(wrong.shape)} does not go with ${describeShape(first.shape)} along axis ${axis}.`,
    )
  const total = parts.reduce((size, part) => size + part.shape[along], 0)
  return node('concat', parts, { axis: along }, first.shape.with(along, total) as Shape, first.type)
}

/** float32 → int32 cuts off the fraction. */
export const cast = (x: Node, type: ElementType): Node =>
  x.type === type ? x : node('cast' satisfies Operation, [x], { type }, x.shape, type)
