import type { Given, Options } from './options.ts'

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

export interface Benchmark<Of extends Options = Options> {
  /** What it measures, in a sentence or two. */
  readonly about: string
  readonly options: Of
  measure(given: Given<Of>): Promise<Measured>
}

/** Infers what `measure` is given. */
export const benchmarkOf = <const Of extends Options>(benchmark: Benchmark<Of>): Benchmark<Of> => benchmark

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
