import { mean, reciprocal, square } from './composed.ts'
import { constant, type Node, type NodeOf } from './graph.ts'
import {
  add,
  concat,
  log,
  matmul,
  max,
  multiply,
  reciprocalRms,
  reshape,
  sigmoid,
  softmax,
  sqrt,
  subtract,
} from './operations.ts'

/**
 * Operations that are primitive only because their own derivative is cheaper than what the rules of their parts give.
 * Their parts are also parts of that derivative, and are then computed once. An executor that has one of its own for
 * the whole keeps the operation (see `simplify`).
 */
export const lowerings = {
  /** With p = softmax(x), max p = exp(max x − logSumExp x). */
  logSumExp: ({ inputs: [x] }: NodeOf<'logSumExp'>): Node =>
    subtract(max(x, [-1], true), log(max(softmax(x), [-1], true))),

  reciprocalRms: ({ inputs: [x], attributes: { epsilon } }: NodeOf<'reciprocalRms'>): Node =>
    reciprocal(sqrt(add(mean(square(x), [-1], true), constant(epsilon)))),

  rmsNorm: ({ inputs: [x, weight], attributes: { epsilon } }: NodeOf<'rmsNorm'>): Node =>
    multiply(multiply(x, reciprocalRms(x, epsilon)), weight),

  /** x·cos + (−x₂, x₁)·sin. Swapping and negating the halves is a product with a constant of 0 and ±1, which is exact. */
  rotate({ inputs: [x, cosines, sines] }: NodeOf<'rotate'>): Node {
    const width = x.shape[3]
    const turned = reshape(matmul(reshape(x, [-1, width]), quarterTurn(width)), x.shape)
    return add(multiply(x, concat([cosines, cosines], 1)), multiply(turned, concat([sines, sines], 1)))
  },

  swiglu: ({ inputs: [x, y] }: NodeOf<'swiglu'>): Node => multiply(multiply(x, sigmoid(x)), y),
}

function quarterTurn(width: number): Node {
  const half = width / 2
  const values = new Float32Array(width * width)
  for (let element = 0; element < half; element++) {
    values[(element + half) * width + element] = -1
    values[element * width + element + half] = 1
  }
  return constant(values, [width, width])
}

/** What an executor of simplified graphs never meets, unless it asks to keep some. */
export type Lowered = keyof typeof lowerings
