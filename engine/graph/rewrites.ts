import { filled, fillOf, scalar, scaledBy } from './fills.ts'
import { constant, type Node, type NodeOf, type Operation } from './graph.ts'
import { type Lowered, lowerings } from './lowerings.ts'
import {
  add,
  addAt,
  broadcastTo,
  concat,
  matmul,
  multiply,
  pad,
  reshape,
  subtract,
  sum,
  transpose,
} from './operations.ts'
import { broadcastShapes, sameShape, sizeOf } from './shapes.ts'

/** An equal expression that costs less, or the node itself. */
export type Rewrite<O extends Operation> = (y: NodeOf<O>) => Node

const to = (x: Node, like: Node) => (sameShape(x.shape, like.shape) ? x : broadcastTo(x, like.shape))

/** Elementwise operations repeat their inputs themselves: skips a broadcastTo that the other input makes needless. */
function unrepeated(x: Node, other: Node, y: Node): Node {
  if (x.operation !== 'broadcastTo') return x
  const [source] = x.inputs
  return sameShape(broadcastShapes('', source.shape, other.shape), y.shape) ? source : x
}

function repeatLess<O extends 'add' | 'subtract' | 'multiply' | 'divide'>(
  operation: (a: Node, b: Node) => Node,
  y: NodeOf<O>,
): Node {
  const [a, b] = y.inputs
  const left = unrepeated(a, b, y as Node)
  const right = unrepeated(b, left, y as Node)
  return left === a && right === b ? (y as Node) : operation(left, right)
}

/** The sum of two arrays within zeros, if one begins where the other ends: both side by side within what is left. */
function sideBySide(a: Node, b: Node): Node | undefined {
  if (a.operation !== 'pad' || b.operation !== 'pad') return undefined
  const [{ before, after }, { shape }, other] = [a.attributes, a.inputs[0], b.attributes]
  const apart = before.flatMap((count, axis) =>
    count === other.before[axis] && after[axis] === other.after[axis] ? [] : [axis],
  )
  const [axis] = apart
  if (apart.length !== 1 || before[axis] + shape[axis] !== other.before[axis]) return undefined
  const joined = concat([a.inputs[0], b.inputs[0]], axis)
  const rest = after.with(axis, other.after[axis])
  return [...before, ...rest].every(count => count === 0) ? joined : pad(joined, before, rest)
}

function simplerAdd(y: NodeOf<'add'>): Node {
  const [a, b] = y.inputs
  for (const [x, other] of [
    [a, b],
    [b, a],
  ]) {
    if (fillOf(other) === 0) return to(x, y)
    if (other.operation === 'negate') return subtract(x, other.inputs[0])
    const joined = sideBySide(x, other)
    if (joined) return joined
    // One pass instead of two over what may be the largest array of a model.
    if (other.operation === 'addAt' && fillOf(other.inputs[0]) === 0 && sameShape(x.shape, other.shape))
      return addAt(x, other.inputs[1], other.inputs[2])
  }
  return repeatLess(add, y)
}

function simplerMultiply(y: NodeOf<'multiply'>): Node {
  const [a, b] = y.inputs
  for (const [x, other] of [
    [a, b],
    [b, a],
  ]) {
    if (fillOf(other) === 1) return to(x, y)
    const factor = scalar(other)
    const scaled = scaledBy(x)
    if (factor !== undefined && scaled) return multiply(scaled.x, constant(factor * scalar(scaled.factor)!))
  }
  return repeatLess(multiply, y)
}

function simplerNegate(y: NodeOf<'negate'>): Node {
  const [x] = y.inputs
  const fill = fillOf(x)
  if (fill !== undefined) return filled(-fill, y.shape)
  return x.operation === 'negate' ? x.inputs[0] : y
}

function simplerSum(y: NodeOf<'sum'>): Node {
  const [x] = y.inputs
  const { axes, keepDims } = y.attributes
  if (axes.every(axis => x.shape[axis] === 1)) return reshape(x, y.shape)
  // Σ c·x = c·Σ x, over the smaller array.
  const scaled = scaledBy(x)
  return scaled ? multiply(sum(scaled.x, axes, keepDims), scaled.factor) : y
}

/** x, if node is x with its last two axes swapped. */
function swapped(node: Node): Node | undefined {
  if (node.operation !== 'transpose') return undefined
  const { permutation } = node.attributes
  const last = permutation.length - 1
  const wanted = [...permutation.keys()].with(-1, last - 1).with(-2, last)
  return sameShape(permutation, wanted) ? node.inputs[0] : undefined
}

function simplerMatmul(y: NodeOf<'matmul'>): Node {
  const [a, b] = y.inputs
  const { transposeA, transposeB } = y.attributes
  // A constant factor waits for the product, if that is smaller; ONNX Runtime takes it into the product.
  const scaled = scaledBy(a)
  if (scaled && sizeOf(y.shape) <= sizeOf(a.shape)) return multiply(matmul(scaled.x, b, y.attributes), scaled.factor)
  const [left, right] = [swapped(a), swapped(b)]
  if (!left && !right) return y
  return matmul(left ?? a, right ?? b, { transposeA: transposeA !== !!left, transposeB: transposeB !== !!right })
}

function simplerAddAt(y: NodeOf<'addAt'>): Node {
  const [x, indices, values] = y.inputs
  const scaled = scaledBy(x)
  const fill = fillOf(values)
  if (!scaled || fill === undefined) return y
  return multiply(addAt(scaled.x, indices, filled(fill / scalar(scaled.factor)!, values.shape)), scaled.factor)
}

function simplerTranspose(y: NodeOf<'transpose'>): Node {
  const [x] = y.inputs
  const { permutation } = y.attributes
  if (permutation.every((axis, i) => axis === i)) return x
  if (x.operation !== 'transpose') return y
  return transpose(
    x.inputs[0],
    permutation.map(axis => x.attributes.permutation[axis]),
  )
}

function simplerReshape(y: NodeOf<'reshape'>): Node {
  const [x] = y.inputs
  const fill = fillOf(x)
  if (sameShape(x.shape, y.shape)) return x
  if (fill !== undefined) return filled(fill, y.shape)
  const scaled = scaledBy(x)
  if (scaled) return multiply(reshape(scaled.x, y.shape), scaled.factor)
  return x.operation === 'reshape' ? reshape(x.inputs[0], y.shape) : y
}

export type Rewrites = { readonly [O in Operation]?: Rewrite<O> }

const rewrites: Rewrites = {
  add: simplerAdd,
  subtract: y =>
    y.inputs[1].operation === 'negate' ? add(y.inputs[0], y.inputs[1].inputs[0]) : repeatLess(subtract, y),
  multiply: simplerMultiply,
  negate: simplerNegate,
  sum: simplerSum,
  matmul: simplerMatmul,
  transpose: simplerTranspose,
  reshape: simplerReshape,
  broadcastTo: y => (sameShape(y.inputs[0].shape, y.shape) ? y.inputs[0] : y),
  addAt: simplerAddAt,
  ...lowerings,
}

export function rewrite(y: Node, kept: readonly Lowered[], more: Rewrites): Node {
  const rules = (kept as readonly Operation[]).includes(y.operation) ? [more] : [rewrites, more]
  for (const { [y.operation]: rule } of rules) {
    const better = rule ? (rule as Rewrite<Operation>)(y as NodeOf<Operation>) : y
    if (better !== y) return better
  }
  return y
}
