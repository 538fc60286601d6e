import type { Value } from '../executors/executor.ts'

/** One gradient per parameter. */
export type GradientSet = Readonly<Record<string, Value>>

/**
 * The last `size` steps' gradients, for GrokFast-MA. They stay where the executor put them: nothing is copied, and
 * the cost is `size` times the parameters' memory.
 */
export interface GradientWindow extends Disposable {
  /** The set that the next `push` drops; undefined until the window is full. */
  oldest(): GradientSet | undefined
  /** Drops the oldest set when full. */
  push(newest: GradientSet): void
  /** From the oldest to the newest. */
  sets(): readonly GradientSet[]
}

export function gradientWindow(size: number, restored: readonly GradientSet[]): GradientWindow {
  const sets = [...restored]
  const dispose = (set: GradientSet) => {
    for (const value of Object.values(set)) value[Symbol.dispose]()
  }
  return {
    oldest: () => (sets.length === size ? sets[0] : undefined),
    push(newest) {
      if (sets.length === size) dispose(sets.shift()!)
      sets.push(newest)
    },
    sets: () => sets,
    [Symbol.dispose]() {
      for (const set of sets.splice(0)) dispose(set)
    },
  }
}
