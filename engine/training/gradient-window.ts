import type { Value } from '../executors/executor.ts'

/** A gradient, in as many vectors as the parameters have packs. */
export type Gradient = readonly Value[]

/**
 * The last `size` steps' gradients, for GrokFast-MA. They stay where the executor put them: nothing is copied, and
 * the cost is `size` times the parameters' memory.
 */
export interface GradientWindow extends Disposable {
  /** The gradient that the next `push` drops; undefined until the window is full. */
  oldest(): Gradient | undefined
  /** Drops the oldest gradient when full. */
  push(newest: Gradient): void
  /** From the oldest to the newest. */
  gradients(): readonly Gradient[]
}

export function gradientWindow(size: number, restored: readonly Gradient[]): GradientWindow {
  const gradients = [...restored]
  const dispose = (gradient: Gradient) => {
    for (const value of gradient) value[Symbol.dispose]()
  }
  return {
    oldest: () => (gradients.length === size ? gradients[0] : undefined),
    push(newest) {
      if (gradients.length === size) dispose(gradients.shift()!)
      gradients.push(newest)
    },
    gradients: () => gradients,
    [Symbol.dispose]() {
      for (const gradient of gradients.splice(0)) dispose(gradient)
    },
  }
}
