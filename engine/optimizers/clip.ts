import { square } from '../graph/composed.ts'
import { constant, type Node } from '../graph/graph.ts'
import { add, divide, minimum, multiply, sqrt, sum } from '../graph/operations.ts'

/**
 * The Euclidean norm of all gradients taken as one vector, a scalar. The gradients of the last layers are added first:
 * they are known first, and ONNX Runtime, which computes what stands first in a sum first, then works each layer's
 * gradients out as it passes the layer, instead of keeping all that they are made of to the end.
 */
export function globalNorm(gradients: readonly Node[]): Node {
  return sqrt(gradients.map(gradient => sum(square(gradient))).reduceRight((total, part) => add(total, part)))
}

/**
 * Scales all gradients by min(1, limit / (norm + 1e-6)), so that their direction stays (Pascanu et al. 2013; the
 * small term as in PyTorch's clip_grad_norm_, for a norm of zero).
 */
export function clipByNorm(gradients: readonly Node[], norm: Node, limit: number): Node[] {
  const factor = minimum(constant(1), divide(constant(limit), add(norm, constant(1e-6))))
  return gradients.map(gradient => multiply(gradient, factor))
}
