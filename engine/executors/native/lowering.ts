import { filled } from '../../graph/fills.ts'
import { type Attributes, constant, node as make, type Node, type NodeOf, type Operation } from '../../graph/graph.ts'
import { lowerings } from '../../graph/lowerings.ts'
import {
  add,
  concat,
  divide,
  exp,
  log,
  matmul,
  max,
  multiply,
  reshape,
  slice,
  subtract,
  sum,
  transpose,
} from '../../graph/operations.ts'
import type { Rewrites } from '../../graph/rewrites.ts'
import { sameShape, sizeOf } from '../../graph/shapes.ts'
import { isElementwise } from './elementwise.ts'

/*
 * Operations in terms of those that this executor writes loops for: elementwise ones, sums and maxima over the last
 * axis, products, and copies. What two operations share (the maximum of softmax and logSumExp) is then computed once.
 */

function exponentials(x: Node) {
  const largest = max(x, [-1], true)
  const powers = exp(subtract(x, largest))
  return { largest, powers, total: sum(powers, [-1], true) }
}

function softmax({ inputs: [x] }: NodeOf<'softmax'>): Node {
  const { powers, total } = exponentials(x)
  return multiply(powers, divide(constant(1), total))
}

function logSumExp({ inputs: [x] }: NodeOf<'logSumExp'>): Node {
  const { largest, total } = exponentials(x)
  return add(largest, log(total))
}

function rotate({ inputs: [x, cosines, sines], shape }: NodeOf<'rotate'>): Node {
  const half = shape[3] / 2
  const first = slice(x, [0, 0, 0, 0], shape.with(3, half))
  const second = slice(x, [0, 0, 0, half], shape)
  const turned = [
    subtract(multiply(first, cosines), multiply(second, sines)),
    add(multiply(second, cosines), multiply(first, sines)),
  ]
  return concat(turned, 3)
}

/** A product with one column is a sum over rows of numbers, which other loops over these rows can take along. */
function columnProduct(y: NodeOf<'matmul'>): Node {
  const [a, b] = y.inputs
  const { transposeA, transposeB } = y.attributes
  if (y.shape.at(-1) !== 1 || transposeA || b.shape.length !== 2) return y
  const row = transposeB ? b : reshape(b, [1, b.shape[0]])
  return sum(multiply(a, reshape(row, [-1])), [-1], true)
}

/** Numbers that a sum is made of at most before its parts are summed in turn: threads share the parts. */
const LONG = 2 ** 13

/** The largest divisor up to LONG, or the whole. */
function partLength(length: number): number {
  for (let part = LONG; part >= LONG / 32; part--) if (length % part === 0) return part
  return length
}

/** Over the last axis, or as a product with ones over the first ones: what else there is becomes one of the two. */
function lastAxisSum(y: NodeOf<'sum'>): Node {
  const [x] = y.inputs
  const { axes } = y.attributes
  const rank = x.shape.length
  const kept = [...x.shape.keys()].filter(axis => !axes.includes(axis))
  if (axes.length === 0) return reshape(x, y.shape)
  if (kept.length === 0) {
    const size = sizeOf(x.shape)
    const part = size > LONG ? partLength(size) : size
    if (part < size) return reshape(sum(sum(reshape(x, [-1, part]), [1]), [0]), y.shape)
    return rank === 1 ? y : reshape(sum(reshape(x, [size]), [0]), y.shape)
  }
  if (axes.length === 1 && axes[0] === rank - 1) return y
  if (kept.every((axis, i) => axis === i)) {
    const rows = kept.map(axis => x.shape[axis])
    return reshape(sum(reshape(x, [...rows, -1]), [-1]), y.shape)
  }
  if (axes.every((axis, i) => axis === i)) {
    const count = sizeOf(axes.map(axis => x.shape[axis]))
    const ones = constant(new Float32Array(count).fill(1), [1, count])
    return reshape(matmul(ones, reshape(x, [count, -1])), y.shape)
  }
  const aside = transpose(x, [...axes, ...kept])
  return reshape(
    sum(
      aside,
      axes.map((_, i) => i),
    ),
    y.shape,
  )
}

function lastAxisMax(y: NodeOf<'max'>): Node {
  const [x] = y.inputs
  const { axes } = y.attributes
  const rank = x.shape.length
  if (axes.length === 0) return reshape(x, y.shape)
  if (axes.length === 1 && axes[0] === rank - 1) return y
  const kept = [...x.shape.keys()].filter(axis => !axes.includes(axis))
  const rows = kept.map(axis => x.shape[axis])
  return reshape(max(reshape(transpose(x, [...kept, ...axes]), [...rows, -1]), [-1]), y.shape)
}

/** Zeros, x, zeros: along one axis after the other. */
function pad({ inputs: [x], attributes: { before, after } }: NodeOf<'pad'>): Node {
  return before.reduce((padded, count, axis) => {
    const zeros = (size: number) => (size === 0 ? [] : [filled(0, padded.shape.with(axis, size))])
    const parts = [...zeros(count), padded, ...zeros(after[axis])]
    return parts.length === 1 ? padded : concat(parts, axis)
  }, x)
}

/** Numbers one by one know no shape: what is behind the operation is reshaped instead of a copy of its result. */
function earlierReshape(y: NodeOf<'reshape'>): Node {
  const [x] = y.inputs
  if (!isElementwise(x) || x.operation === 'addAt') return y
  const alike = x.inputs.every(({ shape }) => sameShape(shape, x.shape) || shape.length === 0)
  if (!alike) return y
  const inputs = x.inputs.map(source => (source.shape.length === 0 ? source : reshape(source, y.shape)))
  return make(x.operation, inputs, x.attributes as Attributes[Operation], y.shape, x.type)
}

export const nativeRewrites: Rewrites = {
  ...lowerings,
  softmax,
  logSumExp,
  rotate,
  matmul: columnProduct,
  pad,
  sum: lastAxisSum,
  max: lastAxisMax,
  reshape: earlierReshape,
}
