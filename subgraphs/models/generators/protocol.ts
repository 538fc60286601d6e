import type { ErrorCode } from '../../../kernel/errors.ts'
import type { Continuation, GenerationRequest } from '../generation/generation.ts'
import type { ModelFile } from '../versions/version.ts'

/** What a generator is started with: the first message to its process. */
export interface LoadOrder {
  readonly files: readonly ModelFile[]
  /** Folder of the blob store. */
  readonly blobs: string
  readonly executor: string
  readonly threads: number
}

export interface GenerateOrder {
  readonly id: number
  readonly request: GenerationRequest
}

export type Answer = { readonly id: number } & ({ readonly continuation: Continuation } | { readonly failure: Failure })

export interface Failure {
  /** Absent for what is not expected. */
  readonly code?: ErrorCode
  readonly message: string
  /** False where the model could not be loaded: this process will never generate. */
  readonly loaded: boolean
}
