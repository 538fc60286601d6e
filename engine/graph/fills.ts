import { constant, type Node, type Shape } from './graph.ts'
import { broadcastTo } from './operations.ts'

/** The number that x is, if it is a constant float32 scalar. */
export const scalar = (x: Node): number | undefined =>
  x.operation === 'constant' && x.type === 'float32' && x.shape.length === 0 ? x.attributes.data[0] : undefined

/** The number that fills x, if one does. */
export function fillOf(x: Node): number | undefined {
  return x.operation === 'broadcastTo' || x.operation === 'reshape' ? fillOf(x.inputs[0]) : scalar(x)
}

/** x and the constant factor, if node is their product. */
export function scaledBy(node: Node): { x: Node; factor: Node } | undefined {
  if (node.operation !== 'multiply') return undefined
  const [a, b] = node.inputs
  if (scalar(b) !== undefined) return { x: a, factor: b }
  return scalar(a) !== undefined ? { x: b, factor: a } : undefined
}

export const filled = (value: number, shape: Shape): Node => broadcastTo(constant(value), shape)
