import { createServer, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { buildSchema, type ExecutionArgs, GraphQLError, parse } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { close, listen } from '../../kernel/serve.ts'

const schema = buildSchema('type Query { nothing: Int } type Subscription { nothing: Int }')

interface Subscribed {
  readonly variables: Readonly<Record<string, unknown>>
  readonly authorization: unknown
}

/** Answers subscriptions from a log that the test writes, and requests with what the test sets. */
export async function startEventServer(field: string, port = 0) {
  const log: object[] = []
  const subscribed: Subscribed[] = []
  let isComplete = false
  let refusal: GraphQLError | undefined
  let open = 0
  let ring = Promise.withResolvers<void>()
  const wake = () => {
    ring.resolve()
    ring = Promise.withResolvers()
  }

  async function* read(after: unknown, hasLeft: () => boolean) {
    open += 1
    try {
      let next = after == null ? 0 : Number(after) + 1
      for (;;) {
        if (refusal) {
          yield { errors: [refusal] }
          return
        }
        while (next < log.length) {
          yield { data: { [field]: { cursor: String(next), ...log[next] } } }
          next += 1
        }
        if (isComplete || hasLeft()) return
        await ring.promise
      }
    } finally {
      open -= 1
    }
  }

  /** Ends at once when its reader leaves, which a generator that waits does not. */
  function events(after: unknown) {
    let hasLeft = false
    const reading = read(after, () => hasLeft)
    return {
      [Symbol.asyncIterator]() {
        return this
      },
      next: () => reading.next(),
      return() {
        hasLeft = true
        wake()
        return reading.return()
      },
    }
  }

  let answer: (body: { query: string; variables: Record<string, unknown> }, response: ServerResponse) => unknown
  const server = createServer(async (request, response) => {
    const answered = answer((await json(request)) as never, response)
    if (!response.writableEnded) response.end(JSON.stringify(answered))
  })
  const sockets = new WebSocketServer({ server, path: '/graphql' })
  const graphql = useServer(
    {
      onSubscribe: ({ connectionParams }, _id, { query, variables }) => {
        subscribed.push({ variables: { ...variables }, authorization: connectionParams?.authorization })
        return { schema, document: parse(query), variableValues: variables, contextValue: {} }
      },
      subscribe: ((args: ExecutionArgs) => events(args.variableValues?.after)) as never,
    },
    sockets,
  )
  const url = await listen(server, '127.0.0.1', port)
  return {
    url,
    port: Number(new URL(url).port),
    subscribed,
    open: () => open,
    connections: () => sockets.clients.size,
    write(...events: object[]) {
      log.push(...events)
      wake()
    },
    complete() {
      isComplete = true
      wake()
    },
    refuse(code: string | null) {
      refusal = code === null ? undefined : new GraphQLError('refused', { extensions: { code } })
      wake()
    },
    /** Cuts every connection, as a crash does; with a code, closes them. */
    cut(code?: number) {
      for (const socket of sockets.clients) code === undefined ? socket.terminate() : socket.close(code, 'because')
    },
    answers(given: typeof answer) {
      answer = given
    },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      for (const socket of sockets.clients) socket.terminate()
      await graphql.dispose()
      await close(server)
    },
  }
}
