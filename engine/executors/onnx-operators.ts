import type { ElementType, Node, NodeOf, Operation } from '../graph/graph.ts'
import type { Lowered } from '../graph/lowerings.ts'
import { type Fusions, isTall, narrower } from './onnx-fusions.ts'

/** What an operator's encoding may write into the model. Names are those of the model's values. */
export interface OnnxWriter {
  /** Adds an operator and gives the name of its result. */
  operator(type: string, inputs: readonly string[], attributes?: OnnxAttributes, domain?: string): string
  /** The same for an operator with two results. */
  pair(type: string, inputs: readonly string[], attributes?: OnnxAttributes): readonly [string, string]
  /** An int64 vector, as shapes and axes are. */
  integers(values: readonly number[]): string
  /** Float32 numbers, all alike. */
  filled(value: number, shape: readonly number[]): string
  /** The value of a node that was written before. */
  value(node: Node): string
  /** The same as bool. */
  condition(node: Node): string
  readonly fusions: Fusions
  /** Whether operators run on one thread. */
  readonly singleThread: boolean
  /** Values of `reciprocalRms` that came with an `rmsNorm`, by what `rmsKey` makes of their input. */
  readonly reciprocals: Map<string, string>
}

export type OnnxAttributes = Readonly<Record<string, number | string | readonly number[] | { readonly float: number }>>

export const ONNX_TYPES: { readonly [T in ElementType]: number } = { float32: 1, int32: 6 }
const MICROSOFT = 'com.microsoft'

/** What ONNX Runtime has one operator for. */
export const NATIVE = ['rotate', 'reciprocalRms', 'rmsNorm'] as const satisfies readonly Lowered[]
type Native = (typeof NATIVE)[number]

/** Writes a node, and gives the name of its value. */
type Encoding<O extends Operation> = (y: NodeOf<O>, to: OnnxWriter) => string

const plain =
  (type: string, attributes?: OnnxAttributes): Encoding<Operation> =>
  ({ inputs }, to) =>
    to.operator(type, inputs.map(to.value), attributes)

/** Indices [rows] → [rows, 1], as the ..Elements operators take them. */
const column = (x: Node, to: OnnxWriter) => to.operator('Unsqueeze', [to.value(x), to.integers([1])])

/**
 * aᵀb of tall matrices. Where several gradients share the narrower one (the input of queries, keys and values), it is
 * transposed once, before: FusedMatMul would do so piece by piece in each of them, and for every block of b's columns.
 */
function tallProduct(y: NodeOf<'matmul'>, to: OnnxWriter): string {
  const [a, b] = y.inputs.map(to.value)
  const swap = (x: string) => to.operator('Transpose', [x], { perm: [1, 0] })
  if (narrower(y) === y.inputs[0]) return to.operator('MatMul', [swap(a), b])
  return swap(to.operator('MatMul', [swap(b), a]))
}

/** ONNX Runtime's own product, which reads its inputs transposed, for any number of axes. */
function matmul(y: NodeOf<'matmul'>, to: OnnxWriter): string {
  if (isTall(y) && to.fusions.transposed.get(narrower(y))! > 1) return tallProduct(y, to)
  const { transposeA, transposeB } = y.attributes
  const inputs = y.inputs.map(to.value)
  if (!transposeA && !transposeB) return to.operator('MatMul', inputs)
  const flags = { transA: Number(transposeA), transB: Number(transposeB) }
  return to.operator('FusedMatMul', inputs, flags, MICROSOFT)
}

function sum({ inputs: [x], attributes: { axes, keepDims } }: NodeOf<'sum'>, to: OnnxWriter): string {
  const keepdims = Number(keepDims)
  if (to.fusions.squares.has(x)) return to.operator('ReduceSumSquare', [to.value(x.inputs[0])], { axes, keepdims })
  return to.operator('ReduceSum', [to.value(x), to.integers(axes)], { keepdims, noop_with_empty_axes: 1 })
}

/**
 * ScatterND adds into one row from several threads at once and loses updates, so it serves a single thread only.
 * ScatterElements always adds on one thread, in the same order, but spends ten times as long on its indices.
 */
function scatterAdd({ inputs: [indices, updates], shape }: NodeOf<'scatterAdd'>, to: OnnxWriter): string {
  const [, width] = shape
  const flat = to.operator('Reshape', [to.value(indices), to.integers([-1, 1])])
  const rows = to.operator('Reshape', [to.value(updates), to.integers([-1, width])])
  if (to.singleThread) {
    const long = to.operator('Cast', [flat], { to: 7 })
    return to.operator('ScatterND', [to.filled(0, shape), long, rows], { reduction: 'add' })
  }
  const repeated = to.operator('Expand', [flat, to.integers([1, width])])
  return to.operator('ScatterElements', [to.filled(0, shape), repeated, rows], { axis: 0, reduction: 'add' })
}

const rmsKey = (x: Node, epsilon: number, to: OnnxWriter) => `${to.value(x)} ${epsilon}`

function normalization(x: Node, weight: string, epsilon: number, to: OnnxWriter): readonly [string, string] {
  const attributes = { axis: -1, epsilon: { float: epsilon } }
  return to.pair('SimplifiedLayerNormalization', [to.value(x), weight], attributes)
}

function rmsNorm({ inputs: [x, weight], attributes: { epsilon } }: NodeOf<'rmsNorm'>, to: OnnxWriter): string {
  const [normal, reciprocal] = normalization(x, to.value(weight), epsilon, to)
  to.reciprocals.set(rmsKey(x, epsilon, to), reciprocal)
  return normal
}

function reciprocalRms({ inputs: [x], attributes: { epsilon } }: NodeOf<'reciprocalRms'>, to: OnnxWriter): string {
  const known = to.reciprocals.get(rmsKey(x, epsilon, to))
  return known ?? normalization(x, to.filled(1, x.shape.slice(-1)), epsilon, to)[1]
}

export const encodings: {
  readonly [O in Exclude<Operation, 'input' | 'constant' | 'greater' | 'equal' | Exclude<Lowered, Native>>]: Encoding<O>
} = {
  add: plain('Add'),
  subtract: plain('Sub'),
  multiply: plain('Mul'),
  divide: plain('Div'),
  minimum: plain('Min'),
  maximum: plain('Max'),
  negate: plain('Neg'),
  exp: plain('Exp'),
  log: plain('Log'),
  sqrt: plain('Sqrt'),
  tanh: plain('Tanh'),
  sigmoid: plain('Sigmoid'),
  relu: plain('Relu'),
  erf: plain('Erf'),
  where: ({ inputs: [condition, a, b] }, to) =>
    to.operator('Where', [to.condition(condition), to.value(a), to.value(b)]),
  matmul,
  transpose: ({ inputs: [x], attributes: { permutation } }, to) =>
    to.operator('Transpose', [to.value(x)], { perm: permutation }),
  reshape: ({ inputs: [x], shape }, to) => to.operator('Reshape', [to.value(x), to.integers(shape)]),
  broadcastTo: ({ inputs: [x], shape }, to) => to.operator('Expand', [to.value(x), to.integers(shape)]),
  sum,
  max({ inputs: [x], attributes: { axes, keepDims } }, to) {
    // Without axes ReduceMax reduces all of them.
    if (axes.length === 0) return to.operator('Identity', [to.value(x)])
    return to.operator('ReduceMax', [to.value(x)], { axes, keepdims: Number(keepDims) })
  },
  gather: plain('Gather', { axis: 0 }),
  scatterAdd,
  takeAt({ inputs: [x, indices], shape }, to) {
    const taken = to.operator('GatherElements', [to.value(x), column(indices, to)], { axis: 1 })
    return to.operator('Reshape', [taken, to.integers(shape)])
  },
  addAt: ({ inputs: [x, indices, values] }, to) =>
    to.operator('ScatterElements', [to.value(x), column(indices, to), column(values, to)], {
      axis: 1,
      reduction: 'add',
    }),
  slice: ({ inputs: [x], attributes: { starts, ends } }, to) =>
    to.operator('Slice', [to.value(x), to.integers(starts), to.integers(ends)]),
  pad: ({ inputs: [x], attributes: { before, after } }, to) =>
    to.operator('Pad', [to.value(x), to.integers([...before, ...after])]),
  concat: ({ inputs, attributes: { axis } }, to) => to.operator('Concat', inputs.map(to.value), { axis }),
  cast({ inputs: [x], type }, to) {
    const isComparison = x.operation === 'greater' || x.operation === 'equal'
    return to.operator('Cast', [isComparison ? to.condition(x) : to.value(x)], { to: ONNX_TYPES[type] })
  },
  softmax: plain('Softmax', { axis: -1 }),
  rmsNorm,
  reciprocalRms,
  rotate({ inputs: [x, cosines, sines] }, to) {
    // One position for all means: the tokens stand one after the other from there.
    const inputs = [to.value(x), to.integers([0]), to.value(cosines), to.value(sines)]
    return to.operator('RotaryEmbedding', inputs, {}, MICROSOFT)
  },
}
