import type { ModelFile } from '../versions/version.ts'
import type { Continuation, GenerationRequest } from './generation.ts'

/** A version as it is loaded: the id names it, the files are what it is made of. */
export interface Loadable {
  readonly id: string
  readonly files: readonly ModelFile[]
}

/** Runs decoders outside of this process, so that it keeps answering. */
export interface Generators {
  /**
   * Continues the prompt. Throws INVALID_INPUT for what the model cannot do, UNAVAILABLE when its process fails,
   * RESOURCE_EXHAUSTED when too many wait already, TIMEOUT.
   */
  generate(version: Loadable, request: GenerationRequest): Promise<Continuation>
  /** For whoever asks without a seed. */
  newSeed(): number
}
