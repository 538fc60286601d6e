import type { ServerResponse } from 'node:http'
import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { DomainError } from '../../kernel/errors.ts'
import type { SocketContext } from '../../kernel/graphql-ws/operations.ts'
import type { GatewayContext } from '../context.ts'
import { keyOf } from '../identity/credentials.ts'
import { type Events, endable } from './endable.ts'
import type { Sessions } from './sessions.ts'

type Subscribe = (args: ExecutionArgs) => Promise<Events | ExecutionResult>

/** What Yoga adds to the context of a request over HTTP. */
type StreamContext = GatewayContext & SocketContext & { readonly request: Request }

/** Each subscription over HTTP is a connection of its own: it counts as one, and ends when its key is no longer valid. */
export const heldStreams =
  (sessions: Sessions, subscribe: Subscribe): Subscribe =>
  async args => {
    const { overSocket, request, client } = args.contextValue as StreamContext
    if (overSocket) return subscribe(args)

    let refusal: DomainError | undefined
    let end = (_reason: DomainError) => {}
    const session = await sessions.open(
      keyOf(name => request.headers.get(name)),
      reason => {
        refusal = reason
        end(reason)
      },
    )
    const release = () => session[Symbol.dispose]()
    client?.onLeave(release)
    try {
      const events = await subscribe(args)
      if (!(Symbol.asyncIterator in events)) {
        release()
        return events
      }
      const held = endable(events, release)
      end = held.end
      if (refusal) end(refusal)
      return held.events
    } catch (error) {
      release()
      throw error
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
