/** The closed list of codes that a client may see in `extensions.code`. */
export const errorCodes = [
  'NOT_FOUND',
  'CONFLICT',
  'INVALID_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'RATE_LIMITED',
  'TIMEOUT',
  'INTERNAL',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** An expected failure: one sentence that names the offending value and the remedy. Everything else thrown is a bug. */
export class DomainError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DomainError'
    this.code = code
  }
}

export const notFound = (message: string) => new DomainError('NOT_FOUND', message)
export const conflict = (message: string) => new DomainError('CONFLICT', message)
export const invalidInput = (message: string) => new DomainError('INVALID_INPUT', message)
export const unauthenticated = (message: string) => new DomainError('UNAUTHENTICATED', message)
export const forbidden = (message: string) => new DomainError('FORBIDDEN', message)
export const unavailable = (message: string, cause?: unknown) => new DomainError('UNAVAILABLE', message, { cause })
