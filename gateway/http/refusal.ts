import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { DomainError, type ErrorCode } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { maskError } from '../../kernel/masking.ts'
import { isForOpenAi, openAiError } from '../../kernel/openai-errors.ts'

/** HTTP status of a GraphQL answer without data, by the code of its first error; of every other answer it is 200. */
const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
}

export const statusOf = ({ data, errors }: Pick<ExecutionResult, 'data' | 'errors'>): number =>
  (!data && errors?.[0] && statuses[String(errors[0].extensions?.code)]) || 200

/** Answers what failed outside of GraphQL: in the same shape, or in OpenAI's where its clients ask. */
export function refuse(request: IncomingMessage, response: ServerResponse, error: unknown, log: Log): void {
  const { message, extensions } = maskError(error, log)
  if (isForOpenAi(request.url)) {
    const { status, body } = openAiError(extensions.code as ErrorCode, message)
    if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/json' })
    response.end(body)
    return
  }
  if (!response.headersSent) {
    const otherwise = error instanceof DomainError ? (error.code === 'NOT_FOUND' ? 404 : 400) : 500
    response.writeHead((otherwise !== 500 && statuses[String(extensions.code)]) || otherwise, {
      'content-type': 'application/json',
    })
  }
  response.end(JSON.stringify({ errors: [{ message, extensions }] }))
}
