import type * as Tensorflow from '@tensorflow/tfjs-core'
import type { Node, NodeOf, Operation } from '../graph/graph.ts'
import type { Lowered } from '../graph/lowerings.ts'
import { sameShape, sizeOf } from '../graph/shapes.ts'

export type Tf = typeof Tensorflow
type Tensor = Tensorflow.Tensor

/** What a kernel computes with: the library, and whether its matrix product reads transposed inputs fast. */
export interface Backend {
  readonly tf: Tf
  readonly transposesInProduct: boolean
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

/** Gives a the batch axes of the result, as one axis: the kernels broadcast only a batch of one. */
function batched(x: Tensor, batch: readonly number[], tf: Tf): Tensor {
  const matrix = x.shape.slice(-2)
  if (sameShape(x.shape.slice(0, -2), batch)) return tf.reshape(x, [-1, ...matrix])
  return tf.reshape(tf.broadcastTo(x, [...batch, ...matrix]), [-1, ...matrix])
}

/** On wasm a product that transposes takes tens of times as long as a transpose and a plain product. */
function matmul(y: NodeOf<'matmul'>, [a, b]: readonly Tensor[], { tf, transposesInProduct }: Backend): Tensor {
  const { transposeA, transposeB } = y.attributes
  if (!transposesInProduct && (transposeA || transposeB)) {
    const plain = { ...y, attributes: { transposeA: false, transposeB: false } }
    const sources = [transposeA ? swapLastAxes(a, tf) : a, transposeB ? swapLastAxes(b, tf) : b]
    return matmul(plain, sources, { tf, transposesInProduct })
  }
  const batch = y.shape.slice(0, -2)
  if (b.rank === 2 && !transposeA) {
    const rows = tf.reshape(a, [-1, a.shape.at(-1)!])
    return tf.reshape(tf.matMul(rows, b, false, transposeB), [...y.shape])
  }
  const product = tf.matMul(batched(a, batch, tf), batched(b, batch, tf), transposeA, transposeB)
  return tf.reshape(product, [...y.shape])
}

/** Of [rows, columns], the flat position of column indices[i] in row i. */
function flatPositions(shape: readonly number[], indices: Tensor, tf: Tf): Tensorflow.Tensor1D {
  const [rows, columns] = shape
  const starts = tf.tensor1d(Int32Array.from({ length: rows }, (_, row) => row * columns))
  return tf.add(indices, starts)
}

export const kernels: { readonly [O in Exclude<Operation, 'input' | 'constant' | Lowered>]: Kernel<O> } = {
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
