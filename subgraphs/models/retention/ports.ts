export interface Rule {
  readonly keepBest: number
  readonly metric: string
  /** False where the smallest value is the best. */
  readonly largest: boolean
}

export interface Retentions {
  set(modelId: string, rule: Rule | null): Promise<void>
  /** Versions that the model's rule does not keep: neither among the best, nor the newest, nor named by an alias. */
  surplus(modelId: string, rule: Rule): Promise<readonly string[]>
}
