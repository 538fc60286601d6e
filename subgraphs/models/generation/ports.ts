import type { ModelFile } from '../versions/version.ts'
import type { Continuation, GenerationRequest } from './generation.ts'

/** A version as it is loaded: the id names it, the files are what it is made of. */
export interface Loadable {
  readonly id: string
  readonly files: readonly ModelFile[]
}

/** What whoever asks wants to hear and say meanwhile. */
export interface Listening {
  /** Ends the generation early; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal
  /** The text as it grows, in pieces. */
  onText?(piece: string): void
}

/** Runs decoders outside of this process, so that it keeps answering. */
export interface Generators {
  /**
   * Continues the prompt. Throws INVALID_INPUT for what the model cannot do, UNAVAILABLE when its process fails,
   * RESOURCE_EXHAUSTED when too many wait already, TIMEOUT.
   */
  generate(version: Loadable, request: GenerationRequest, listening?: Listening): Promise<Continuation>
  /** For whoever asks without a seed. */
  newSeed(): number
}
