import { EngineError } from '../errors.ts'
import { zeros } from './composed.ts'
import { type Derivative, derivatives } from './derivatives.ts'
import { constant, type Node, type Operation, topologicalOrder } from './graph.ts'
import { add, reshape } from './operations.ts'
import { describeShape, sizeOf } from './shapes.ts'

/**
 * ∂loss/∂x for every x in wrt, each of x's shape, by reverse-mode differentiation: nodes are visited after all that
 * use them, so that a node's gradient is complete when its rule asks for it. An x without a path to the loss gets zeros.
 */
export function gradients(loss: Node, wrt: readonly Node[]): Node[] {
  if (loss.type !== 'float32' || sizeOf(loss.shape) !== 1)
    throw new EngineError(
      'INVALID_INPUT',
      `A loss is one float32 number; this one is ${loss.type} of shape ${describeShape(loss.shape)}.`,
    )
  const order = topologicalOrder([loss])
  const onPath = new Set(wrt)
  for (const node of order) if (node.inputs.some(source => onPath.has(source))) onPath.add(node)

  const found = new Map<Node, Node>([[loss, reshape(constant(1), loss.shape)]])
  for (const node of order.reverse()) {
    const gradient = found.get(node)
    if (!gradient || !onPath.has(node)) continue
    const derivative = derivatives[node.operation] as Derivative<Operation>
    const parts = derivative(node, gradient)
    for (const [i, part] of parts.entries()) {
      const source = node.inputs[i]
      if (!part || !onPath.has(source)) continue
      const sofar = found.get(source)
      found.set(source, sofar ? add(sofar, part) : part)
    }
  }
  return wrt.map(x => found.get(x) ?? zeros(x.shape))
}
