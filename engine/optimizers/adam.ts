import { scale } from '../graph/composed.ts'
import type { Node } from '../graph/graph.ts'
import { add, subtract } from '../graph/operations.ts'
import type { AdamWOptions } from './adamw.ts'
import { adaptiveChange, type MomentScalars, type Moments } from './moments.ts'

/**
 * Adam with L2 regularisation (Kingma and Ba 2015; PyTorch's `Adam(weight_decay=λ)`): the decay is part of the
 * gradient, g ← g + λθ, and so is divided by √v̂ with it; θ ← θ − η·m̂ / (√v̂ + ε). Vectors decay too.
 */
export function adam(
  parameter: Node,
  gradient: Node,
  moments: Moments,
  scalars: MomentScalars,
  options: AdamWOptions,
): { parameter: Node } & Moments {
  const whole = add(gradient, scale(parameter, options.weightDecay))
  const { change, ...next } = adaptiveChange(whole, moments, scalars, options)
  return { parameter: subtract(parameter, change), ...next }
}
