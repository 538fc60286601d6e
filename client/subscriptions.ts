import { createClient } from 'graphql-ws'
import { type AnsweredError, answered, ForgeError, unreachable } from './errors.ts'
import type { TypedDocumentString } from './generated/graphql.ts'
import { follow, type StreamOptions } from './stream.ts'
import { type Answer, dataOf } from './transport.ts'

export interface Subscriptions extends AsyncDisposable {
  /** The events of a root field; `cursorOf` says where its cursor is, if it can be resumed. */
  stream<Result, Variables extends object, Name extends keyof Result>(
    document: TypedDocumentString<Result, Variables>,
    name: Name,
    variables: Omit<Variables, 'after'>,
    options?: StreamOptions,
    cursorOf?: (event: Result[Name]) => string,
  ): AsyncGenerator<Result[Name], void>
}

/** Milliseconds between two pings, and for which an answer to one is waited. */
const pingEvery = 10_000
const pongWithin = 5_000

/** Subscriptions over one graphql-ws connection, which is open while there is one. */
export function openSubscriptions(url: string, apiKey: string | undefined): Subscriptions {
  let hasConnected = false
  let silence: ReturnType<typeof setTimeout> | undefined
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    connectionParams: apiKey ? { authorization: `Bearer ${apiKey}` } : undefined,
    // Coming back is ours (stream.ts): the client's own way would begin again from the old cursor.
    retryAttempts: 0,
    connectionAckWaitTimeout: 10_000,
    keepAlive: pingEvery,
    on: {
      connected: () => {
        hasConnected = true
      },
      ping: received => {
        if (!received) silence = setTimeout(() => client.terminate(), pongWithin)
      },
      pong: received => {
        if (received) clearTimeout(silence)
      },
      closed: () => clearTimeout(silence),
    },
  })

  return {
    stream: (document, name, variables, options, cursorOf) =>
      follow(
        {
          cursorOf,
          hasConnected: () => hasConnected,
          subscribe(cursor, sink) {
            const payload = {
              query: String(document),
              // Read when it is sent: after a close with code 1000 the client sends it again by itself.
              get variables() {
                return { ...variables, ...(cursorOf && { after: cursor() }) }
              },
            }
            return client.subscribe(payload, {
              next: answer => {
                try {
                  sink.next(dataOf(answer as Answer<Record<typeof name, never>>)[name])
                } catch (error) {
                  sink.error(error as ForgeError)
                }
              },
              error: error => sink.error(failureOf(error, url)),
              complete: () => sink.complete(),
            })
          },
        },
        options,
      ),
    [Symbol.asyncDispose]: async () => client.dispose(),
  }
}

/** What graphql-ws reports: the errors of an operation, a close with its code, or a socket that could not be had. */
function failureOf(error: unknown, url: string): ForgeError {
  if (Array.isArray(error)) return answered(error[0] as AnsweredError)
  const { code, reason = '' } = error as { code?: unknown; reason?: string }
  if (typeof code !== 'number' || !isFinal(code)) return unreachable(url, error)
  if (code === 4401) return new ForgeError('UNAUTHENTICATED', reason || 'The forge does not know this key.')
  if (code === 4403) return new ForgeError('FORBIDDEN', reason || 'The forge does not let this key subscribe.')
  return new ForgeError('INTERNAL', `The forge closed the connection with code ${code}: ${reason}`)
}

/** Codes of graphql-ws that another attempt would meet again; 4408 and 4499 are a peer that was too slow. */
const isFinal = (code: number): boolean => code >= 4400 && code < 4500 && code !== 4408 && code !== 4499
