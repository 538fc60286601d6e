export interface Goal {
  readonly name: string
  readonly goal: number
  readonly value: number
  readonly unit: string
  /** True where smaller is better. */
  readonly atMost: boolean
}

export interface Measured {
  readonly samples: number
  readonly results: readonly Readonly<Record<string, string | number | null>>[]
  readonly goals: readonly Goal[]
  /** What was not measured, and why. */
  readonly notes?: readonly string[]
}

export type Benchmark = (flags: readonly string[]) => Promise<Measured>

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** What follows a flag on the command line. */
export function option(flags: readonly string[], name: string): string | undefined {
  const at = flags.indexOf(name)
  return at < 0 ? undefined : flags[at + 1]
}
