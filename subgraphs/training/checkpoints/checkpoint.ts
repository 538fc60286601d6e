/** The whole state of a training after a step: weights, optimizer, data position, random state, tokenizer. */
export interface Checkpoint {
  readonly id: string
  readonly jobId: string
  readonly attempt: number
  readonly step: number
  /** Under which the blob store has it. */
  readonly digest: string
  readonly sizeBytes: number
  readonly createdAt: Date
}

/** How many of a job's newest checkpoints are kept: one may turn out to be torn. */
export const keptCheckpoints = 2
