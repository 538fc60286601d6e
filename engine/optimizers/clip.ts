import { square } from '../graph/composed.ts'
import { constant, type Node } from '../graph/graph.ts'
import { add, divide, minimum, multiply, sqrt, sum } from '../graph/operations.ts'

/** The Euclidean norm of an array, a scalar. */
export const euclideanNorm = (x: Node): Node => sqrt(sum(square(x)))

/**
 * Scales a gradient by min(1, limit / (norm + 1e-6)), so that its direction stays (Pascanu et al. 2013; the small term
 * as in PyTorch's clip_grad_norm_, for a norm of zero).
 */
export function clipByNorm(gradient: Node, norm: Node, limit: number): Node {
  return multiply(gradient, minimum(constant(1), divide(constant(limit), add(norm, constant(1e-6)))))
}
