import type { ServerResponse } from 'node:http'
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql'
import type { DomainError } from '../../kernel/errors.ts'
import type { SocketContext } from '../../kernel/web-socket.ts'
import type { GatewayContext } from '../context.ts'
import { keyOf } from '../identity/credentials.ts'
import type { Sessions } from './sessions.ts'

type Events = AsyncGenerator<ExecutionResult>
type Subscribe = (args: ExecutionArgs) => Promise<Events | ExecutionResult>

/** What Yoga adds to the context of a request over HTTP. */
type StreamContext = GatewayContext & SocketContext & { readonly request: Request }

/** Each subscription over HTTP is a connection of its own: it counts as one, and ends when its key is no longer valid. */
export const heldStreams =
  (sessions: Sessions, subscribe: Subscribe): Subscribe =>
  async args => {
    const { overSocket, request, signal } = args.contextValue as StreamContext
    if (overSocket) return subscribe(args)

    let refusal: DomainError | undefined
    let leave = () => {}
    const session = await sessions.open(
      keyOf(name => request.headers.get(name)),
      reason => {
        refusal = reason
        leave()
      },
    )
    const release = () => session[Symbol.dispose]()
    signal?.addEventListener('abort', release, { once: true })
    try {
      const events = await subscribe(args)
      if (!(Symbol.asyncIterator in events)) {
        release()
        return events
      }
      leave = () => void events.return(undefined)
      return untilRefused(events, () => refusal, release)
    } catch (error) {
      release()
      throw error
    }
  }

/** The events, and what ended them when that was a refusal. */
function untilRefused(events: Events, refusal: () => DomainError | undefined, release: () => void): Events {
  let isRefused = false
  return {
    async next() {
      const step = await events.next()
      if (!step.done) return step
      release()
      const reason = isRefused ? undefined : refusal()
      if (!reason) return step
      isRefused = true
      const error = new GraphQLError(reason.message, { extensions: { code: reason.code } })
      return { value: { errors: [error] }, done: false }
    },
    return(value) {
      release()
      return events.return(value)
    },
    throw(error) {
      release()
      return events.throw(error)
    },
    [Symbol.asyncIterator]() {
      return this
    },
    async [Symbol.asyncDispose]() {
      await this.return(undefined)
    },
  }
}

export interface EventStreams {
  add(response: ServerResponse): void
  /** Breaks every stream off: an orderly end would tell its client that there is nothing more to come. */
  break(): void
}

export function openEventStreams(): EventStreams {
  const responses = new Set<ServerResponse>()
  return {
    add(response) {
      responses.add(response)
      response.once('close', () => responses.delete(response))
    },
    break() {
      for (const response of responses) {
        if (String(response.getHeader('content-type')).startsWith('text/event-stream')) response.destroy()
      }
    },
  }
}
