import { scale, square } from '../graph/composed.ts'
import { constant, type Node } from '../graph/graph.ts'
import { add, divide, multiply, sqrt, subtract } from '../graph/operations.ts'
import type { AdamWOptions, AdamWScalars, Moments } from './adamw.ts'

/**
 * Adam with L2 regularisation (Kingma and Ba 2015; PyTorch's `Adam(weight_decay=λ)`): the decay is part of the
 * gradient, g ← g + λθ, and so is divided by √v̂ with it; θ ← θ − η·m̂ / (√v̂ + ε). Vectors decay too.
 */
export function adam(
  parameter: Node,
  gradient: Node,
  moments: Moments,
  { stepSize, rootCorrection }: Pick<AdamWScalars, 'stepSize' | 'rootCorrection'>,
  { beta1, beta2, epsilon, weightDecay }: AdamWOptions,
): { parameter: Node } & Moments {
  const whole = add(gradient, scale(parameter, weightDecay))
  const first = add(scale(moments.first, beta1), scale(whole, 1 - beta1))
  const second = add(scale(moments.second, beta2), scale(square(whole), 1 - beta2))
  // Numerator and denominator over rootCorrection: what is left of it there is a number, not an array.
  const root = add(sqrt(second), divide(constant(epsilon), rootCorrection))
  const step = divide(stepSize, rootCorrection)
  return { parameter: subtract(parameter, divide(multiply(first, step), root)), first, second }
}
