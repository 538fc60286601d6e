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
  if (holdsZero(thrown)) {
    const message = 'A text of this request has the character U+0000, which cannot be stored or found: leave it out.'
    return new GraphQLError(message, { ...place, extensions: { code: 'INVALID_INPUT' } })
  }
  if (isDatabaseAway(thrown)) {
    log.warn({ err: thrown, path: place.path }, 'the database cannot be reached')
    const message = 'The database of this service cannot be reached: try again in a moment.'
    return new GraphQLError(message, { ...place, extensions: { code: 'UNAVAILABLE' } })
  }
  log.error({ err: thrown, path: place.path }, 'unexpected failure')
  return new GraphQLError('Something failed inside the forge; its log says what.', {
    ...place,
    extensions: { code: 'INTERNAL' },
  })
}

/** PostgreSQL takes every character but U+0000, in text (22021) and in JSON (22P05). */
const holdsZero = (thrown: unknown): boolean => ['22021', '22P05'].includes(databaseCode(thrown))

/** It stops or starts (57P…), the connection broke (08…), or it could not be made. */
function isDatabaseAway(thrown: unknown): boolean {
  const { message } = Object(thrown) as { message?: string }
  return (
    /^(57P0[123]|08...|ECONNREFUSED|ECONNRESET|P1001|P1017)$/.test(databaseCode(thrown)) ||
    /^(timeout exceeded when trying to connect|Connection terminated)/.test(message ?? '')
  )
}

/** What PostgreSQL or the driver says; Prisma wraps some of it. */
function databaseCode(thrown: unknown): string {
  const { code, meta } = Object(thrown) as {
    code?: string
    meta?: { driverAdapterError?: { cause?: { originalCode?: string } } }
  }
  return meta?.driverAdapterError?.cause?.originalCode ?? code ?? ''
}
