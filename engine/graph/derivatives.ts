import { scale, square, zeros } from './composed.ts'
import { constant, type Node, type NodeOf, type Operation, type Shape } from './graph.ts'
import {
  add,
  addAt,
  broadcastTo,
  cast,
  divide,
  equal,
  exp,
  gather,
  greater,
  matmul,
  multiply,
  negate,
  pad,
  reciprocalRms,
  reshape,
  rotate,
  scatterAdd,
  sigmoid,
  slice,
  softmax,
  subtract,
  sum,
  takeAt,
  transpose,
  where,
} from './operations.ts'
import { sameShape } from './shapes.ts'

/**
 * Given a node y and g = ∂loss/∂y, the part of ∂loss/∂x that flows through y, for each input x of y; undefined where
 * none flows (integers, comparisons). Rules for broadcast inputs sum over the axes along which they were repeated.
 */
export type Derivative<O extends Operation> = (y: NodeOf<O>, g: Node) => readonly (Node | undefined)[]

/** Sums g over the axes along which a value of this shape was repeated. */
function unbroadcast(g: Node, shape: Shape): Node {
  if (sameShape(g.shape, shape)) return g
  const added = g.shape.length - shape.length
  const axes = [...g.shape.keys()].filter(axis => axis < added || (shape[axis - added] === 1 && g.shape[axis] !== 1))
  return reshape(sum(g, axes, true), shape)
}

/** The shape of a reduction's input, with 1 at the reduced axes: what its result broadcasts from. */
const kept = ({ inputs: [x], attributes: { axes } }: NodeOf<'sum'> | NodeOf<'max'>) =>
  x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))

function matmulDerivative({ inputs: [a, b], attributes: { transposeA, transposeB } }: NodeOf<'matmul'>, g: Node) {
  // Σ over the batch of aᵀg, with one b for all of it, is a single product of tall matrices.
  if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
    const rows = reshape(a, [-1, a.shape.at(-1)!])
    const gRows = reshape(g, [-1, g.shape.at(-1)!])
    const db = transposeB ? matmul(gRows, rows, { transposeA: true }) : matmul(rows, gRows, { transposeA: true })
    return [matmul(g, b, { transposeB: !transposeB }), db]
  }
  const da = transposeA
    ? matmul(b, g, { transposeA: transposeB, transposeB: true })
    : matmul(g, b, { transposeB: !transposeB })
  const db = transposeB
    ? matmul(g, a, { transposeA: true, transposeB: transposeA })
    : matmul(a, g, { transposeA: !transposeA })
  return [unbroadcast(da, a.shape), unbroadcast(db, b.shape)]
}

/** With r = 1/rms(x): ∂x = r·g·w − x·r³·mean(x·g·w), ∂w = Σ r·x·g; both sums over x·g are products. */
function rmsNormDerivative({ inputs: [x, weight], attributes: { epsilon } }: NodeOf<'rmsNorm'>, g: Node) {
  const width = weight.shape[0]
  const r = reciprocalRms(x, epsilon)
  const products = reshape(multiply(x, g), [-1, width])
  const rows = reshape(r, [-1])
  const means = scale(reshape(matmul(products, reshape(weight, [width, 1])), [-1]), 1 / width)
  const along = reshape(multiply(means, multiply(square(rows), rows)), r.shape)
  const dx = subtract(multiply(multiply(g, weight), r), multiply(x, along))
  return [dx, reshape(matmul(reshape(rows, [1, -1]), products), weight.shape)]
}

/** σ is shared with the operation itself, and σ·(y − out) + out does not wait for g: ∂x = g·that, ∂y = g·x·σ. */
function swigluDerivative(out: NodeOf<'swiglu'>, g: Node) {
  const [x, y] = out.inputs
  const gate = sigmoid(x)
  const slope = add(multiply(gate, subtract(y, out)), out)
  return [multiply(g, slope), multiply(g, multiply(x, gate))]
}

/**
 * Σ g·y over the last axis. Where g is a product d·vᵀ, as behind attention, that is Σ d·(y·v): over arrays as narrow as
 * a head, of which y·v is the attention's own result (Dao et al. 2022, FlashAttention, appendix B).
 */
function along(y: Node, g: Node): Node {
  if (g.operation !== 'matmul' || g.attributes.transposeA || !g.attributes.transposeB)
    return sum(multiply(g, y), [-1], true)
  const [d, v] = g.inputs
  return sum(multiply(d, matmul(y, v)), [-1], true)
}

/** At a tie of a and b, g goes to a. */
function extremumDerivative([a, b]: readonly Node[], second: Node, g: Node) {
  return [unbroadcast(where(second, constant(0), g), a.shape), unbroadcast(where(second, g, constant(0)), b.shape)]
}

export const derivatives: { readonly [O in Operation]: Derivative<O> } = {
  input: () => [],
  constant: () => [],
  add: ({ inputs: [a, b] }, g) => [unbroadcast(g, a.shape), unbroadcast(g, b.shape)],
  subtract: ({ inputs: [a, b] }, g) => [unbroadcast(g, a.shape), negate(unbroadcast(g, b.shape))],
  multiply: ({ inputs: [a, b] }, g) => [unbroadcast(multiply(g, b), a.shape), unbroadcast(multiply(g, a), b.shape)],
  divide(y, g) {
    const [a, b] = y.inputs
    const da = divide(g, b)
    return [unbroadcast(da, a.shape), negate(unbroadcast(multiply(da, y), b.shape))]
  },
  minimum: ({ inputs }, g) => extremumDerivative(inputs, greater(inputs[0], inputs[1]), g),
  maximum: ({ inputs }, g) => extremumDerivative(inputs, greater(inputs[1], inputs[0]), g),
  greater: () => [],
  equal: () => [],
  negate: (_, g) => [negate(g)],
  exp: (y, g) => [multiply(g, y)],
  log: ({ inputs: [x] }, g) => [divide(g, x)],
  sqrt: (y, g) => [divide(scale(g, 0.5), y)],
  tanh: (y, g) => [multiply(g, subtract(constant(1), square(y)))],
  sigmoid: (y, g) => [multiply(g, multiply(y, subtract(constant(1), y)))],
  relu: ({ inputs: [x] }, g) => [where(greater(x, constant(0)), g, constant(0))],
  erf: ({ inputs: [x] }, g) => [multiply(g, scale(exp(negate(square(x))), 2 / Math.sqrt(Math.PI)))],
  where: ({ inputs: [condition, a, b] }, g) => [
    undefined,
    unbroadcast(where(condition, g, constant(0)), a.shape),
    unbroadcast(where(condition, constant(0), g), b.shape),
  ],
  matmul: matmulDerivative,
  transpose: ({ attributes: { permutation } }, g) => [
    transpose(
      g,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  reshape: ({ inputs: [x] }, g) => [reshape(g, x.shape)],
  broadcastTo: ({ inputs: [x] }, g) => [unbroadcast(g, x.shape)],
  sum: (y, g) => [broadcastTo(reshape(g, kept(y)), y.inputs[0].shape)],
  max(y, g) {
    const [x] = y.inputs
    const { axes } = y.attributes
    const isMaximum = cast(equal(x, reshape(y, kept(y))), 'float32')
    // Equal maxima share g.
    return [multiply(isMaximum, divide(reshape(g, kept(y)), sum(isMaximum, axes, true)))]
  },
  gather: ({ inputs: [table, indices] }, g) => [scatterAdd(indices, g, table.shape[0]), undefined],
  scatterAdd: ({ inputs: [indices] }, g) => [undefined, gather(g, indices)],
  takeAt: ({ inputs: [x, indices] }, g) => [addAt(zeros(x.shape), indices, g), undefined],
  addAt: ({ inputs: [, indices] }, g) => [g, undefined, takeAt(g, indices)],
  slice({ inputs: [x], attributes: { starts, ends } }, g) {
    const after = x.shape.map((size, axis) => size - ends[axis])
    return [pad(g, starts, after)]
  },
  pad({ inputs: [x], attributes: { before } }, g) {
    const ends = x.shape.map((size, axis) => before[axis] + size)
    return [slice(g, before, ends)]
  },
  concat({ inputs, attributes: { axis } }, g) {
    let end = 0
    return inputs.map(({ shape }) => {
      const start = end
      end += shape[axis]
      const starts = shape.map((_, i) => (i === axis ? start : 0))
      return slice(g, starts, shape.with(axis, end))
    })
  },
  cast: () => [],
  swiglu: swigluDerivative,
  softmax: (y, g) => [multiply(y, subtract(g, along(y, g)))],
  logSumExp: ({ inputs: [x] }, g) => [multiply(softmax(x), g)],
  // −x·y³/width
  reciprocalRms(y, g) {
    const [x] = y.inputs
    return [multiply(x, scale(multiply(g, multiply(square(y), y)), -1 / x.shape.at(-1)!))]
  },
  rmsNorm: rmsNormDerivative,
  // Linear in x, and its transpose turns back.
  rotate: ({ inputs: [, cosines, sines] }, g) => [rotate(g, cosines, negate(sines))],
}
