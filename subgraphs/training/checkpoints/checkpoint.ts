/** The whole state of a training after a step: weights, optimizer, data position, random state, tokenizer. */
export interface Checkpoint {
  readonly id: string
  readonly jobId: string
  readonly attempt: number
  readonly step: number
  /** Under which the blob store has it. */
  readonly digest: string
  readonly sizeBytes: number
  /** Of its weights; measured for the checkpoints that steps ask for, when some of the best are kept. */
  readonly validationLoss: number | null
  readonly createdAt: Date
}

/** How many of a job's checkpoints are kept. */
export interface Kept {
  /** The newest: two at least are wise, for one may turn out to be torn. */
  readonly last: number
  /** Those of the lowest validation loss. */
  readonly best: number
}

export const keptByDefault: Kept = { last: 2, best: 1 }

/** What the settings of a job say, whatever its phase. */
export function keptOf(config: unknown): Kept {
  const { keepLast = keptByDefault.last, keepBest = keptByDefault.best } = (config ?? {}) as Record<string, number>
  return { last: keepLast, best: keepBest }
}

type Rated = Pick<Checkpoint, 'step' | 'validationLoss'>

/** Those that are neither among the newest nor among the best; of equally good ones the newer is kept. */
export function superfluous<T extends Rated>(checkpoints: readonly T[], { last, best }: Kept): readonly T[] {
  const newest = checkpoints.toSorted((one, other) => other.step - one.step)
  const rated = newest.filter(({ validationLoss }) => validationLoss !== null)
  // The sort is stable, so equal losses stay newest first.
  const lowest = rated.toSorted((one, other) => one.validationLoss! - other.validationLoss!)
  const kept = new Set([...newest.slice(0, last), ...lowest.slice(0, best)])
  return newest.filter(checkpoint => !kept.has(checkpoint))
}
