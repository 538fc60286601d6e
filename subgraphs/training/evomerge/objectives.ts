import { fronts } from '../../../engine/search/pareto.ts'

/** What a merge may be judged by; all are made small. */
export const objectives = ['LOSS', 'SIZE', 'LATENCY'] as const
export type Objective = (typeof objectives)[number]

/** What a model comes to. */
export interface Judged {
  /** On the text that decides, in nats per token. */
  readonly loss: number
  /** Of its weights as they are stored. */
  readonly sizeBytes: number
  /** Milliseconds to generate one token. */
  readonly latencyMs: number
}

const readers: Readonly<Record<Objective, (judged: Judged) => number>> = {
  LOSS: ({ loss }) => loss,
  SIZE: ({ sizeBytes }) => sizeBytes,
  LATENCY: ({ latencyMs }) => latencyMs,
}

export const valuesOf = (judged: Judged, chosen: readonly Objective[]): readonly number[] =>
  chosen.map(name => readers[name](judged))

/**
 * Those that none dominates, the lowest loss first; of equal ones the first. What was once in the front stays in it, or
 * something is there that is nowhere worse.
 */
export function frontOf<T extends Judged>(all: readonly T[], chosen: readonly Objective[]): readonly T[] {
  const known = new Map<string, T>()
  for (const one of all) {
    const key = valuesOf(one, chosen).join(' ')
    if (!known.has(key)) known.set(key, one)
  }
  const distinct = [...known.values()]
  const [front = []] = fronts(distinct.map(one => valuesOf(one, chosen)))
  return front.map(index => distinct[index]!).toSorted((one, other) => one.loss - other.loss)
}
