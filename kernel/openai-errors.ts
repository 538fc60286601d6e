import type { ErrorCode } from './errors.ts'

const statuses: Readonly<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  CONFLICT: 409,
  INVALID_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  UNAVAILABLE: 503,
  RESOURCE_EXHAUSTED: 429,
  RATE_LIMITED: 429,
  TIMEOUT: 504,
  INTERNAL: 500,
}

/** Whether OpenAI's clients ask for this path, and read a failure in their own shape only. */
export const isForOpenAi = (path: string | undefined): boolean => /^\/v1(?=[/?]|$)/.test(path ?? '')

/** A failure as OpenAI's API tells it; `param` is the field of the request that is at fault, if one is. */
export function openAiError(code: ErrorCode, message: string, param: string | null = null) {
  const status = statuses[code]
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return { status, body: JSON.stringify({ error: { message, type, param, code } }) }
}
