import type { BlobSettings } from '../../../kernel/blobs/open.ts'
import type { ErrorCode } from '../../../kernel/errors.ts'
import type { Continuation, GenerationRequest } from '../generation/generation.ts'
import type { ModelFile } from '../versions/version.ts'

/** What a generator is started with: the first message to its process. */
export interface LoadOrder {
  readonly files: readonly ModelFile[]
  readonly blobs: BlobSettings
  readonly executor: string
  readonly threads: number
}

export interface GenerateOrder {
  readonly id: number
  readonly request: GenerationRequest
}

export interface CancelOrder {
  readonly cancel: number
}

/** A part of an answer that is not ended yet. */
export interface Piece {
  readonly id: number
  readonly piece: string
}

export type Answer = { readonly id: number } & ({ readonly continuation: Continuation } | { readonly failure: Failure })

export interface Failure {
  /** Absent for what is not expected. */
  readonly code?: ErrorCode
  readonly message: string
  /** False where the model could not be loaded: this process will never generate. */
  readonly loaded: boolean
}
