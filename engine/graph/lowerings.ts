import { reciprocalRms } from './composed.ts'
import type { Node, NodeOf } from './graph.ts'
import { log, max, multiply, sigmoid, softmax, subtract } from './operations.ts'

/**
 * Operations that are primitive only because their own derivative is cheaper than what the rules of their parts give.
 * Their parts are also parts of that derivative, and are then computed once.
 */
export const lowerings = {
  /** With p = softmax(x), max p = exp(max x − logSumExp x). */
  logSumExp: ({ inputs: [x] }: NodeOf<'logSumExp'>): Node =>
    subtract(max(x, [-1], true), log(max(softmax(x), [-1], true))),

  rmsNorm: ({ inputs: [x, weight], attributes: { epsilon } }: NodeOf<'rmsNorm'>): Node =>
    multiply(multiply(x, reciprocalRms(x, epsilon)), weight),

  silu: ({ inputs: [x] }: NodeOf<'silu'>): Node => multiply(x, sigmoid(x)),
}

/** What is left when these are gone: all that an executor of simplified graphs meets. */
export type Lowered = keyof typeof lowerings
