import { constant, type Node } from './graph.ts'
import {
  add,
  broadcastTo,
  divide,
  equal,
  erf,
  logSumExp,
  maximum,
  multiply,
  reciprocalRms,
  reshape,
  subtract,
  sum,
  takeAt,
  where,
} from './operations.ts'
import { normalizeAxes, sizeOf } from './shapes.ts'

export const square = (x: Node): Node => multiply(x, x)
export const scale = (x: Node, factor: number): Node => multiply(x, constant(factor))
export const zeros = (shape: readonly number[]): Node => broadcastTo(constant(0), shape)

/** 1 / x. */
export const reciprocal = (x: Node): Node => divide(constant(1), x)

/** The average over the axes, or over everything. */
export function mean(x: Node, axes: readonly number[] = [...x.shape.keys()], keepDims = false): Node {
  const count = sizeOf(normalizeAxes('mean', x.shape, axes).map(axis => x.shape[axis]))
  return scale(sum(x, axes, keepDims), 1 / count)
}

/** (x − mean) / √(variance + ε) · weight + bias over the last axis (Ba et al. 2016); weight and bias are [width]. */
export function layerNorm(x: Node, weight: Node, bias: Node, epsilon: number): Node {
  const centred = subtract(x, mean(x, [-1], true))
  return add(multiply(multiply(centred, reciprocalRms(centred, epsilon)), weight), bias)
}

/** The exact GELU, x · Φ(x) (Hendrycks & Gimpel 2016). */
export const gelu = (x: Node): Node => multiply(scale(x, 0.5), add(erf(scale(x, Math.SQRT1_2)), constant(1)))

export const logSoftmax = (x: Node): Node => subtract(x, logSumExp(x))

/**
 * Mean negative log-likelihood in nats of the targets, a scalar. Logits [.., classes], targets int32 [..];
 * a target equal to `ignoreIndex` (which must be negative) counts neither above nor below the line.
 */
export function crossEntropy(logits: Node, targets: Node, ignoreIndex?: number): Node {
  const classes = logits.shape.at(-1)!
  const rows = reshape(logits, [-1, classes])
  const flat = reshape(targets, [-1])
  const index = ignoreIndex === undefined ? flat : maximum(flat, constant(Int32Array.of(0), []))
  const losses = subtract(reshape(logSumExp(rows), [-1]), takeAt(rows, index))
  if (ignoreIndex === undefined) return mean(losses)

  const ignored = equal(flat, constant(Int32Array.of(ignoreIndex), []))
  const counted = where(ignored, constant(0), constant(1))
  const count = maximum(sum(counted), constant(1))
  return divide(sum(multiply(losses, counted)), count)
}
