/** DIVERGED: a loss or a gradient stopped being a finite number. */
export type EngineErrorCode = 'INVALID_INPUT' | 'NOT_FOUND' | 'UNAVAILABLE' | 'RESOURCE_EXHAUSTED' | 'DIVERGED'

/** An expected failure of the engine: one sentence that names the offending value and the remedy. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
