import { type ExecutionResult, GraphQLError } from 'graphql'
import type { DomainError } from '../../kernel/errors.ts'

export type Events = AsyncGenerator<ExecutionResult>

export interface Endable {
  readonly events: Events
  /** Ends the events, with the reason as the last of them. */
  end(reason: DomainError): void
}

/** Events that can be ended from outside. `release` is called once they have ended, however that came, at least once. */
export function endable(source: Events, release: () => void): Endable {
  let reason: DomainError | undefined
  let isTold = false
  const events: Events = {
    async next() {
      const step = await source.next()
      if (!step.done) return step
      release()
      if (!reason || isTold) return step
      isTold = true
      const error = new GraphQLError(reason.message, { extensions: { code: reason.code } })
      return { value: { errors: [error] }, done: false }
    },
    return(value) {
      release()
      return source.return(value)
    },
    throw(error) {
      release()
      return source.throw(error)
    },
    [Symbol.asyncIterator]() {
      return this
    },
    async [Symbol.asyncDispose]() {
      await this.return(undefined)
    },
  }
  return {
    events,
    end(why) {
      reason = why
      void source.return(undefined)
    },
  }
}
