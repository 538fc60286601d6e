/** A program of others with one of our exports in it. */
export interface Program extends AsyncDisposable {
  readonly name: string
  /** The ids of a text; null where the program has no tokenizer. */
  tokenize(text: string): Promise<readonly number[]> | null
  /** Logits after each of the tokens, [tokens][vocabulary]. */
  logits(ids: readonly number[]): Promise<readonly Float32Array[]>
  /** The likeliest next tokens, so many. */
  generate(ids: readonly number[], count: number): Promise<readonly number[]>
}
