import type * as Tensorflow from '@tensorflow/tfjs-core'
import type { Node, NodeOf, Operation } from '../graph/graph.ts'
import type { Lowered } from '../graph/lowerings.ts'
import { sameShape, sizeOf } from '../graph/shapes.ts'

export type Tf = typeof Tensorflow
type Tensor = Tensorflow.Tensor

/** What a kernel computes with: the library, and the way in which it multiplies matrices fast. */
export interface Backend {
  readonly tf: Tf
  readonly product: Product
}

type Kernel<O extends Operation> = (y: NodeOf<O>, inputs: readonly Tensor[], backend: Backend) => Tensor

const binary =
  (name: 'add' | 'sub' | 'mul' | 'div' | 'minimum' | 'maximum'): Kernel<Operation> =>
  (_, [a, b], { tf }) =>
    tf[name](a, b)

const unary =
  (name: 'neg' | 'exp' | 'log' | 'sqrt' | 'tanh' | 'sigmoid' | 'relu' | 'erf' | 'softmax'): Kernel<Operation> =>
  (_, [x], { tf }) =>
    tf[name](x)

const reduction =
  (name: 'sum' | 'max'): Kernel<'sum' | 'max'> =>
  ({ attributes: { axes, keepDims } }, [x], { tf }) =>
    // Without axes these reduce all of them.
    axes.length === 0 ? tf.clone(x) : tf[name](x, [...axes], keepDims)

function swapLastAxes(x: Tensor, tf: Tf): Tensor {
  const axes = [...x.shape.keys()]
  return tf.transpose(x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()])
}

/** Gives a the batch axes of the result, as one axis. */
function batched(x: Tensor, batch: readonly number[], tf: Tf): Tensor {
  const matrix = x.shape.slice(-2)
  if (sameShape(x.shape.slice(0, -2), batch)) return tf.reshape(x, [-1, ...matrix])
  return tf.reshape(tf.broadcastTo(x, [...batch, ...matrix]), [-1, ...matrix])
}

function matmul(y: NodeOf<'matmul'>, [a, b]: readonly Tensor[], { tf, product }: Backend): Tensor {
  const { transposeA, transposeB } = y.attributes
  const batch = y.shape.slice(0, -2)
  if (b.rank === 2 && !transposeA) {
    const rows = tf.reshape(a, [-1, a.shape.at(-1)!])
    return tf.reshape(product(tf, rows, b, false, transposeB), [...y.shape])
  }
  return tf.reshape(product(tf, batched(a, batch, tf), batched(b, batch, tf), transposeA, transposeB), [...y.shape])
}

/** As tf.matMul, of two matrices or of two batches of the same size. */
export type Product = (tf: Tf, a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean) => Tensor

export const nativeProduct: Product = (tf, a, b, transposeA, transposeB) => tf.matMul(a, b, transposeA, transposeB)

/** The matrices of a batch. On wasm tf.unstack copies the whole batch for each of them. */
function matricesOf(batch: Tensor, tf: Tf): Tensor[] {
  const [count, ...shape] = batch.shape
  const data = batch.dataSync<'float32'>()
  const size = sizeOf(shape)
  return Array.from({ length: count }, (_, i) => tf.tensor(data.subarray(i * size, (i + 1) * size), shape))
}

/** On wasm only the plain product of two matrices is fast: one that transposes, or a batch, takes tens of times as long. */
export const wasmProduct: Product = (tf, a, b, transposeA, transposeB) => {
  const left = transposeA ? swapLastAxes(a, tf) : a
  const right = transposeB ? swapLastAxes(b, tf) : b
  if (a.rank === 2) return tf.matMul(left, right)
  const rights = matricesOf(right, tf)
  return tf.stack(matricesOf(left, tf).map((matrix, i) => tf.matMul(matrix, rights[i])))
}

/** Of [rows, columns], the flat position of column indices[i] in row i. */
function flatPositions(shape: readonly number[], indices: Tensor, tf: Tf): Tensorflow.Tensor1D {
  const [rows, columns] = shape
  const starts = tf.tensor1d(Int32Array.from({ length: rows }, (_, row) => row * columns))
  return tf.add(indices, starts)
}

const kernels: { readonly [O in Exclude<Operation, 'input' | 'constant' | Lowered>]: Kernel<O> } = {
  add: binary('add'),
  subtract: binary('sub'),
  multiply: binary('mul'),
  divide: binary('div'),
  minimum: binary('minimum'),
  maximum: binary('maximum'),
  greater: (_, [a, b], { tf }) => tf.cast(tf.greater(a, b), 'int32'),
  equal: (_, [a, b], { tf }) => tf.cast(tf.equal(a, b), 'int32'),
  where({ shape }, [condition, a, b], { tf }) {
    const full = [...shape]
    return tf.where(tf.broadcastTo(tf.cast(condition, 'bool'), full), tf.broadcastTo(a, full), tf.broadcastTo(b, full))
  },
  negate: unary('neg'),
  exp: unary('exp'),
  log: unary('log'),
  sqrt: unary('sqrt'),
  tanh: unary('tanh'),
  sigmoid: unary('sigmoid'),
  relu: unary('relu'),
  erf: unary('erf'),
  matmul,
  transpose: ({ attributes: { permutation } }, [x], { tf }) => tf.transpose(x, [...permutation]),
  reshape: ({ shape }, [x], { tf }) => tf.reshape(x, [...shape]),
  broadcastTo: ({ shape }, [x], { tf }) => tf.broadcastTo(x, [...shape]),
  sum: reduction('sum'),
  max: reduction('max'),
  gather: (_, [table, indices], { tf }) => tf.gather(table, indices as Tensorflow.Tensor1D),
  // wasm has no UnsortedSegmentSum; ScatterNd adds up what meets in a row.
  scatterAdd({ shape }, [indices, updates], { tf }) {
    const rows = tf.reshape(updates, [-1, shape[1]])
    return tf.scatterND(tf.reshape(indices, [-1, 1]), rows, [...shape])
  },
  takeAt: ({ inputs: [x] }, [from, indices], { tf }) =>
    tf.gather(tf.reshape(from, [-1]), flatPositions(x.shape, indices, tf)),
  addAt({ shape }, [x, indices, values], { tf }) {
    const positions = tf.reshape(flatPositions(shape, indices, tf), [-1, 1])
    return tf.add(x, tf.reshape(tf.scatterND(positions, values, [sizeOf(shape)]), [...shape]))
  },
  slice: ({ shape, attributes: { starts } }, [x], { tf }) => tf.slice(x, [...starts], [...shape]),
  pad({ attributes: { before, after } }, [x], { tf }) {
    return tf.pad(
      x,
      before.map((count, axis) => [count, after[axis]]),
    )
  },
  concat: ({ attributes: { axis } }, parts, { tf }) => tf.concat([...parts], axis),
  cast: ({ type }, [x], { tf }) => tf.cast(x, type),
  softmax: unary('softmax'),
}

export function evaluate(node: Node, inputs: readonly Tensor[], backend: Backend): Tensor {
  const kernel = kernels[node.operation as keyof typeof kernels] as Kernel<Operation>
  return backend.tf.tidy(() => kernel(node, inputs, backend))
}
