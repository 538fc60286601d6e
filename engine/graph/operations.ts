import { type ElementType, type Node, node, type Shape } from './graph.ts'
import {
  gatheredShape,
  joinedShape,
  matmulShape,
  paddedShape,
  requireAngles,
  requireBroadcast,
  requireFloat,
  requireInt,
  requireLastAxis,
  requireRows,
  requireSameShape,
  requireSameType,
  requireValues,
  requireWeight,
  reshapedShape,
  scatteredShape,
  slicedShape,
  transposedShape,
} from './inference.ts'
import { broadcastShapes, normalizeAxes, reducedShape, sameShape } from './shapes.ts'

type Binary = 'add' | 'subtract' | 'multiply' | 'divide' | 'minimum' | 'maximum' | 'greater' | 'equal'

function binary(operation: Binary, a: Node, b: Node): Node {
  requireSameType(operation, a, b)
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

type Unary = 'negate' | 'exp' | 'log' | 'sqrt' | 'tanh' | 'sigmoid' | 'relu' | 'erf' | 'softmax'

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

/** Over the last axis. */
export function softmax(x: Node): Node {
  requireLastAxis('softmax', x)
  return unary('softmax', x)
}

/** log Σ exp over the last axis, which stays with size 1. */
export function logSumExp(x: Node): Node {
  requireFloat('logSumExp', x)
  requireLastAxis('logSumExp', x)
  return node('logSumExp', [x], {}, [...x.shape.slice(0, -1), 1], x.type)
}

/** x · σ(x) · y for x and y of one shape: the gate of SwiGLU (Shazeer 2020). */
export function swiglu(x: Node, y: Node): Node {
  requireFloat('swiglu', x, y)
  requireSameShape('swiglu', x, y)
  return node('swiglu', [x, y], {}, x.shape, x.type)
}

/** 1 / √(mean(x²) + ε) over the last axis, which stays with size 1. */
export function reciprocalRms(x: Node, epsilon = 1e-5): Node {
  requireFloat('reciprocalRms', x)
  requireLastAxis('reciprocalRms', x)
  return node('reciprocalRms', [x], { epsilon }, [...x.shape.slice(0, -1), 1], x.type)
}

/** x · weight / √(mean(x²) + ε) over the last axis, whose size the weight has (Zhang & Sennrich 2019). */
export function rmsNorm(x: Node, weight: Node, epsilon = 1e-5): Node {
  requireFloat('rmsNorm', x, weight)
  requireWeight('rmsNorm', x, weight)
  return node('rmsNorm', [x, weight], { epsilon }, x.shape, x.type)
}

/**
 * Turns the pairs (i, i + width/2) of x [batch, heads, tokens, width] by angles of which the cosines and sines, both
 * [tokens, width/2], are given: (x₁·cos − x₂·sin, x₂·cos + x₁·sin). No gradient flows to the angles.
 */
export function rotate(x: Node, cosines: Node, sines: Node): Node {
  requireFloat('rotate', x, cosines, sines)
  requireAngles('rotate', x, cosines, sines)
  return node('rotate', [x, cosines, sines], {}, x.shape, x.type)
}

/** a where the condition (int32) is not 0, else b; all three broadcast. */
export function where(condition: Node, a: Node, b: Node): Node {
  requireInt('where', 'conditions', condition)
  requireSameType('where', a, b)
  const shape = broadcastShapes('where', condition.shape, broadcastShapes('where', a.shape, b.shape))
  return node('where', [condition, a, b], {}, shape, a.type)
}

/** Products of the last two axes, [.., m, k] × [.., k, n] → [.., m, n] after the transposes; the axes before broadcast. */
export function matmul(a: Node, b: Node, { transposeA = false, transposeB = false } = {}): Node {
  requireFloat('matmul', a, b)
  return node('matmul', [a, b], { transposeA, transposeB }, matmulShape(a, b, transposeA, transposeB), a.type)
}

const axesOf = (x: Node) => [...x.shape.keys()]

/** Axis i of the result is axis permutation[i] of x; without a permutation, the axes are reversed. */
export function transpose(x: Node, permutation: readonly number[] = axesOf(x).reverse()): Node {
  return node('transpose', [x], { permutation: [...permutation] }, transposedShape(x, permutation), x.type)
}

/** One size may be -1: what remains. */
export function reshape(x: Node, target: Shape): Node {
  const shape = reshapedShape(x, target)
  return sameShape(x.shape, shape) ? x : node('reshape', [x], { shape }, shape, x.type)
}

export function broadcastTo(x: Node, shape: Shape): Node {
  requireBroadcast(x, shape)
  return node('broadcastTo', [x], { shape: [...shape] }, [...shape], x.type)
}

function reduce(operation: 'sum' | 'max', x: Node, given: readonly number[], keepDims: boolean): Node {
  requireFloat(operation, x)
  const axes = normalizeAxes(operation, x.shape, given)
  return node(operation, [x], { axes, keepDims }, reducedShape(x.shape, axes, keepDims), x.type)
}

export const sum = (x: Node, axes: readonly number[] = axesOf(x), keepDims = false): Node =>
  reduce('sum', x, axes, keepDims)
export const max = (x: Node, axes: readonly number[] = axesOf(x), keepDims = false): Node =>
  reduce('max', x, axes, keepDims)

/** Rows of a table [rows, width] by int32 indices of any shape → [..indices, width]. */
export function gather(table: Node, indices: Node): Node {
  requireInt('gather', 'indices', indices)
  return node('gather', [table, indices], {}, gatheredShape(table, indices), table.type)
}

/** Sums updates [..indices, width] into the rows that the indices name → [rows, width]; the gradient of gather. */
export function scatterAdd(indices: Node, updates: Node, rows: number): Node {
  requireInt('scatterAdd', 'indices', indices)
  requireFloat('scatterAdd', updates)
  return node('scatterAdd', [indices, updates], { rows }, scatteredShape(indices, updates, rows), 'float32')
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
  requireValues('addAt', indices, values)
  return node('addAt', [x, indices, values], {}, x.shape, x.type)
}

/** From starts (inclusive) to ends (exclusive), one of each per axis. */
export function slice(x: Node, starts: readonly number[], ends: readonly number[]): Node {
  return node('slice', [x], { starts: [...starts], ends: [...ends] }, slicedShape(x, starts, ends), x.type)
}

/** Zeros around x, so many before and after each axis. */
export function pad(x: Node, before: readonly number[], after: readonly number[]): Node {
  requireFloat('pad', x)
  return node('pad', [x], { before: [...before], after: [...after] }, paddedShape(x, before, after), x.type)
}

export function concat(parts: readonly Node[], axis: number): Node {
  const { shape, along } = joinedShape(parts, axis)
  return node('concat', parts, { axis: along }, shape, parts[0].type)
}

/** float32 → int32 cuts off the fraction. */
export const cast = (x: Node, type: ElementType): Node =>
  x.type === type ? x : node('cast', [x], { type }, x.shape, type)
