export interface Call {
  readonly project: string
  readonly key: string
  readonly operation: string
  /** SHA-256 over the input. */
  readonly input: string
}

/** What has been done under the keys that callers chose. */
export interface Calls {
  /**
   * Takes the key for this call, for at most a minute. Otherwise: the call that has it, with its result, which is empty
   * while it is being carried out.
   */
  begin(call: Call): Promise<(Call & { readonly result: string }) | null>
  finish(call: Call, result: string): Promise<void>
  /** Frees the key, for the call failed. */
  abandon(call: Call): Promise<void>
}
