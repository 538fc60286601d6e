import { GraphQLError } from 'graphql'
import { notFound } from '../../kernel/errors.ts'
import { link, resumableLink, type SubgraphSource } from './federated-graph.ts'

/** What the subgraphs were asked for, to see what the gateway sent. */
export interface Asked {
  readonly authors: string[]
  identities: unknown[]
}

export interface Stream {
  /** Adds an event for everybody who listens, and for who comes back with an older cursor. */
  publish(book: string): void
  /** Ends the stream for those who listen. */
  complete(): void
  listeners(): number
  /** Events handed to the subgraph's server. */
  sent(): number
}

/** Three subgraphs: authors, books by those authors, and a stream of sales of those books. */
export function library() {
  const asked: Asked = { authors: [], identities: [] }
  const sales: { cursor: string; book: { id: string } }[] = []
  let completed = false
  let listeners = 0
  let sent = 0
  let changed = Promise.withResolvers<void>()
  const notify = () => {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }

  async function* follow(after: string | null | undefined) {
    let next = after ? Number(after) : sales.length
    listeners += 1
    try {
      while (true) {
        const waiting = changed.promise
        for (; next < sales.length; sent += 1) {
          const sale = sales[next++]
          yield { sales: sale, tips: sale }
        }
        if (completed) return
        await waiting
      }
    } finally {
      listeners -= 1
    }
  }
  // A generator that waits cannot be returned: the subgraph's own leave is noticed at the next event.
  const subscribe = (_parent: unknown, { after }: { after?: string | null }) => {
    if (after === 'bad') throw new GraphQLError('"bad" is no cursor.', { extensions: { code: 'INVALID_INPUT' } })
    return follow(after)
  }

  const authors: SubgraphSource = {
    sdl: `${link}
      type Query { author(id: ID!): Author authors: [Author!] slow: String crash: String }
      type Mutation { rename(id: ID!, name: String!): Author }
      type Author @key(fields: "id") { id: ID! name: String! }`,
    resolvers: {
      Query: {
        author: (_parent, { id }: { id: string }) => {
          if (id === 'nobody') throw notFound('There is no author "nobody".')
          return { id, name: `Author ${id}` }
        },
        authors: () => [
          { id: '1', name: 'Author 1' },
          { id: '2', name: 'Author 2' },
        ],
        slow: () => new Promise(() => {}),
        crash: () => {
          throw new Error('secret detail')
        },
      },
      Mutation: { rename: (_parent, { id, name }: { id: string; name: string }) => ({ id, name }) },
      Author: {
        __resolveReference: (({ id }: { id: string }, { identity }: { identity: unknown }) => {
          asked.authors.push(id)
          asked.identities.push(identity)
          return { id, name: id === 'nameless' ? null : `Author ${id}` }
        }) as never,
      },
    },
  }
  const books: SubgraphSource = {
    sdl: `${link}
      type Query { books: [Book!] book(id: ID!): Book }
      type Book @key(fields: "id") { id: ID! title: String! author: Author }
      type Author @key(fields: "id") { id: ID! books: [Book!] }`,
    resolvers: {
      Query: { books: () => ['1', '2', '3', '4'].map(bookOf), book: (_parent, { id }: { id: string }) => bookOf(id) },
      Book: { __resolveReference: (({ id }: { id: string }) => bookOf(id)) as never },
      Author: { books: () => [bookOf('1')] },
    },
  }
  const shop: SubgraphSource = {
    sdl: `${resumableLink}
      type Query { open: Boolean }
      type Subscription {
        sales(after: String): Sale! @resumable(cursor: "cursor", slowReader: GAP)
        tips(after: String): Sale!
      }
      type Sale { cursor: String! book: Book! }
      type Book @key(fields: "id", resolvable: false) { id: ID! }`,
    resolvers: {
      Query: { open: () => true },
      Subscription: { sales: { subscribe: subscribe as never }, tips: { subscribe: subscribe as never } },
    },
  }
  const stream: Stream = {
    publish(book) {
      sales.push({ cursor: String(sales.length + 1), book: { id: book } })
      notify()
    },
    complete() {
      completed = true
      notify()
    },
    listeners: () => listeners,
    sent: () => sent,
  }
  return { sources: { authors, books, shop }, asked, stream }
}

const bookOf = (id: string) => ({ id, title: `Book ${id}`, author: { __typename: 'Author', id: authorOf(id) } })
const authorOf = (book: string): string => (book === 'nameless' ? 'nameless' : String(2 - (Number(book) % 2)))
