import { buildSubgraphSchema } from '@apollo/subgraph'
import { type GraphQLSchema, parse } from 'graphql'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { roles } from '../../kernel/auth/identity.ts'
import { notFound, unauthenticated } from '../../kernel/errors.ts'
import { type RequestContext, type Serving, serveGraph } from '../../kernel/serve.ts'
import { silentLog } from '../support/silent-log.ts'

const sdl = `
  type Query { whoAmI: String! byYoga: Boolean! book(id: ID!): Book missing: Book crash: Int! }
  type Mutation { rename(id: ID!, name: String!): Book }
  type Book { id: ID! name: String! }
`
const resolvers = {
  Query: {
    whoAmI: (_: unknown, _args: unknown, { identity }: RequestContext) => identity.name,
    // Yoga alone gives resolvers the parameters of the request.
    byYoga: (_: unknown, _args: unknown, context: object) => 'params' in context,
    book: (_: unknown, { id }: { id: string }) => ({ id, name: `Book ${id}` }),
    missing: () => {
      throw notFound('There is no such book.')
    },
    crash: () => {
      throw new TypeError('a bug')
    },
  },
  Mutation: { rename: (_: unknown, book: object) => book },
}

let serving: Serving
beforeAll(async () => {
  serving = await serveGraph({
    name: 'books',
    schema: buildSubgraphSchema({ typeDefs: parse(sdl), resolvers: resolvers as never }) as GraphQLSchema,
    host: '127.0.0.1',
    port: 0,
    async verify(authorization) {
      if (authorization !== 'Bearer known') throw unauthenticated('Nobody knows you.')
      return { principal: 'key_1', name: 'Ada', project: 'default', scopes: roles.viewer }
    },
    log: silentLog,
    context: () => ({}),
    healthy: async () => {},
  })
})
afterAll(() => serving[Symbol.asyncDispose]())

async function ask(content: unknown, { accept, authorization }: { accept: string; authorization: string }) {
  const response = await fetch(`${serving.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization },
    body: JSON.stringify(content),
  })
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
}

/** What only Yoga takes, and means the same as JSON. */
const forYoga = 'application/json, application/x-unknown'
const forBoth = 'application/json'

const requests: readonly [what: string, content: unknown, authorization?: string][] = [
  ['a query', { query: '{ whoAmI book(id: 1) { id name } }' }],
  ['variables', { query: 'query Book($id: ID!) { book(id: $id) { name } }', variables: { id: '7' } }],
  ['a wrong variable', { query: 'query Book($id: ID!) { book(id: $id) { name } }', variables: { id: [] } }],
  ['one of several operations', { query: 'query A { whoAmI } query B { missing { id } }', operationName: 'B' }],
  ['an operation that there is not', { query: 'query A { whoAmI } query B { whoAmI }', operationName: 'C' }],
  ['a mutation', { query: 'mutation { rename(id: 1, name: "Anna") { id name } }' }],
  ['an expected failure', { query: '{ whoAmI missing { id } }' }],
  ['a bug', { query: '{ whoAmI crash }' }],
  ['a caller that nobody knows', { query: '{ whoAmI book(id: 1) { id name } }' }, 'Bearer other'],
  ['a document that breaks the schema', { query: '{ nothing }' }],
  ['no document', { query: '{' }],
  ['what is no request', [1]],
]
it.each(requests)('answers %s as Yoga does', async (_what, content, authorization = 'Bearer known') => {
  // The first of a document goes through Yoga in any case, which validates it.
  await ask(content, { accept: forYoga, authorization: 'Bearer known' })
  const byYoga = await ask(content, { accept: forYoga, authorization })
  expect(await ask(content, { accept: forBoth, authorization })).toEqual(byYoga)
})

it('takes the short way with a document that Yoga has run, and only with such', async () => {
  const query = '{ byYoga }'
  const asked = async () => JSON.parse((await ask({ query }, { accept: forBoth, authorization: 'Bearer known' })).body)
  expect(await asked()).toEqual({ data: { byYoga: true } })
  expect(await asked()).toEqual({ data: { byYoga: false } })
})
