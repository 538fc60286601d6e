import type { GraphQLFormattedError } from 'graphql'
import { DomainError, errorCodes, unavailable } from '../../kernel/errors.ts'
import type { OperationScope } from '../context.ts'

/** A subgraph's answer. */
export interface Answer {
  readonly data?: Record<string, unknown> | null
  readonly errors?: readonly GraphQLFormattedError[]
}

const isOurs = (code: unknown): boolean => (errorCodes as readonly unknown[]).includes(code)

/** A subgraph's error as a client may see it: with its code when that is one of ours, else masked and logged. */
export function publicError(
  service: string,
  error: GraphQLFormattedError,
  scope: OperationScope,
): GraphQLFormattedError {
  const { code, http: _http, stacktrace: _stacktrace, exception: _exception, ...extensions } = error.extensions ?? {}
  if (isOurs(code)) return { ...error, extensions: { ...extensions, code, service } }
  scope.log.error({ service, error }, 'a subgraph failed unexpectedly')
  return {
    message: `Something failed inside "${service}"; its log says what under request ${scope.requestId}.`,
    path: error.path,
    extensions: { code: 'INTERNAL', service },
  }
}

/** What a client sees when a subgraph gave no answer at all. */
export function transportError(service: string, error: unknown, scope: OperationScope): GraphQLFormattedError {
  const failure = error instanceof DomainError ? error : networkFailure(service, error)
  if (!failure) throw error
  if (!scope.client?.hasLeft) scope.log.warn({ service, err: error }, 'a subgraph gave no answer')
  return { message: failure.message, extensions: { code: failure.code, service } }
}

/** Undefined for what is no network failure, but a bug. */
function networkFailure(service: string, error: unknown): DomainError | undefined {
  if (!(error instanceof Error)) return
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return new DomainError('TIMEOUT', `The service "${service}" did not answer in time: try again, or ask for less.`)
  }
  // System errors (ECONNREFUSED, ENOTFOUND, …), undici's own, and an AbortError when the client left.
  if (error.name === 'AbortError' || error instanceof AggregateError || /^(E[A-Z_]+|UND_ERR_.+)$/.test(code)) {
    return unavailable(`The service "${service}" cannot be reached, so its part is missing: try again in a moment.`)
  }
  return
}

/** Throws UNAVAILABLE when what came is no GraphQL answer. */
export function readAnswer(service: string, status: number, body: string): Answer {
  try {
    const answer = JSON.parse(body) as Answer | null
    if (answer && typeof answer === 'object' && ('data' in answer || Array.isArray(answer.errors))) return answer
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw unavailable(
    `The service "${service}" answered with HTTP status ${status} and no GraphQL result: is its URL right?`,
  )
}
