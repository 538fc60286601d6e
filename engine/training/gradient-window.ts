import type { Value } from '../executors/executor.ts'

/**
 * The last `size` steps' gradients, for GrokFast-MA. They stay where the executor put them: nothing is copied, and
 * the cost is `size` times the parameters' memory.
 */
export interface GradientWindow extends Disposable {
  /** The gradient that the next `push` drops; undefined until the window is full. */
  oldest(): Value | undefined
  /** Drops the oldest gradient when full. */
  push(newest: Value): void
  /** From the oldest to the newest. */
  gradients(): readonly Value[]
}

export function gradientWindow(size: number, restored: readonly Value[]): GradientWindow {
  const gradients = [...restored]
  return {
    oldest: () => (gradients.length === size ? gradients[0] : undefined),
    push(newest) {
      if (gradients.length === size) gradients.shift()![Symbol.dispose]()
      gradients.push(newest)
    },
    gradients: () => gradients,
    [Symbol.dispose]() {
      for (const gradient of gradients.splice(0)) gradient[Symbol.dispose]()
    },
  }
}
