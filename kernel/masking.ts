import { GraphQLError } from 'graphql'
import { DomainError, errorCodes } from './errors.ts'
import type { Log } from './log.ts'

const isOurs = (code: unknown): boolean => (errorCodes as readonly unknown[]).includes(code)

/**
 * What a client may see of a failure: a DomainError with its code, GraphQL's own complaints about the request as
 * INVALID_INPUT; anything else is a bug, logged with its cause and shown as INTERNAL without a detail.
 */
export function maskError(error: unknown, log: Log): GraphQLError {
  const thrown = error instanceof GraphQLError ? (error.originalError ?? error) : error
  const place = error instanceof GraphQLError ? { nodes: error.nodes, path: error.path } : {}
  if (thrown instanceof DomainError) {
    return new GraphQLError(thrown.message, { ...place, extensions: { code: thrown.code } })
  }
  if (thrown instanceof GraphQLError) {
    const { code, ...extensions } = thrown.extensions
    return new GraphQLError(thrown.message, {
      nodes: thrown.nodes,
      path: thrown.path,
      extensions: { ...extensions, code: isOurs(code) ? code : 'INVALID_INPUT' },
    })
  }
  log.error({ err: thrown, path: place.path }, 'unexpected failure')
  return new GraphQLError('Something failed inside the forge; its log says what.', {
    ...place,
    extensions: { code: 'INTERNAL' },
  })
}
