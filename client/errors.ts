/** What the forge answered instead of what was asked for, or why it did not answer. */
export class ForgeError extends Error {
  /**
   * NOT_FOUND, CONFLICT, INVALID_INPUT, UNAUTHENTICATED, FORBIDDEN, UNAVAILABLE, RESOURCE_EXHAUSTED, RATE_LIMITED,
   * TIMEOUT or INTERNAL.
   */
  readonly code: string
  /** Where in the answer it happened. */
  readonly path: readonly (string | number)[]

  constructor(code: string, message: string, options: ErrorOptions & { path?: readonly (string | number)[] } = {}) {
    super(message, options)
    this.name = 'ForgeError'
    this.code = code
    this.path = options.path ?? []
  }
}

/** An error as it stands in a GraphQL answer. */
export interface AnsweredError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: { readonly code?: unknown }
}

export function answered({ message, path, extensions }: AnsweredError): ForgeError {
  const code = typeof extensions?.code === 'string' ? extensions.code : 'INTERNAL'
  return new ForgeError(code, message, { path })
}

export const unreachable = (url: string, cause: unknown): ForgeError =>
  new ForgeError(
    'UNAVAILABLE',
    `Nothing answers at ${url}: start the forge with \`npm start\`, or name another one in FORGE_URL.`,
    { cause },
  )
