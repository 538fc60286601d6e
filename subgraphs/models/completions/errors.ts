import { DomainError, forbidden, invalidInput, notFound } from '../../../kernel/errors.ts'

/** A field of the request is at fault. */
export class FieldError extends DomainError {
  readonly field: string

  constructor(field: string, message: string) {
    super('INVALID_INPUT', message)
    this.field = field
  }
}

export const badField = (path: string, remedy: string) =>
  path
    ? new FieldError(path, `${path} cannot be used: ${remedy}.`)
    : invalidInput(`The body cannot be used: ${remedy}.`)

export const wrongMethod = (method: string | undefined, right: 'GET' | 'POST') =>
  invalidInput(`${method} is not answered here: ${right === 'GET' ? 'GET it' : 'POST a request'}.`)

export const noSuchPath = (path: string) =>
  notFound(`${path} is not served: there are /v1/models, /v1/chat/completions and /v1/completions.`)

export const mayNotAsk = (principal: string, scope: string, use: string) =>
  forbidden(`${principal} lacks the scope ${scope} that ${use} needs: ask an admin for it.`)
