import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Serving } from '../../kernel/serve.ts'
import { type FederatedGraph, startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf } from '../support/gateway.ts'
import { library } from '../support/library.ts'

describe('queries and mutations', () => {
  const { sources, asked } = library()
  let graph: FederatedGraph
  let gateway: Serving
  beforeAll(async () => {
    graph = await startFederatedGraph(sources)
    gateway = await gatewayOf(graph)
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
  })

  it('joins three levels over two subgraphs, with aliases', async () => {
    const { data, errors } = await ask(gateway, '{ all: books { t: title author { n: name books { title } } } }')
    expect(errors).toBeUndefined()
    expect((data!.all as unknown[])[0]).toEqual({
      t: 'Book 1',
      author: { n: 'Author 1', books: [{ title: 'Book 1' }] },
    })
  })

  it('sends each entity to a subgraph once, and gives the answer to every place', async () => {
    asked.authors.length = 0
    const { data } = await ask(gateway, '{ books { id author { name } } }')
    expect(asked.authors.toSorted()).toEqual(['1', '2'])
    expect((data!.books as { author: { name: string } }[]).map(book => book.author.name)).toEqual([
      'Author 1',
      'Author 2',
      'Author 1',
      'Author 2',
    ])
  })

  it('runs mutations and passes variables', async () => {
    const mutation = 'mutation ($name: String!) { rename(id: "7", name: $name) { name books { title } } }'
    const { data } = await ask(gateway, mutation, { name: 'Melville' })
    expect(data).toEqual({ rename: { name: 'Melville', books: [{ title: 'Book 1' }] } })
  })

  it('answers introspection itself, without what is the subgraphs’ own', async () => {
    const { data } = await ask(gateway, '{ __schema { types { name } } __type(name: "Book") { fields { name } } }')
    const names = (data!.__schema as { types: { name: string }[] }).types.map(type => type.name)
    expect(names).toContain('Book')
    expect(names).not.toContain('_Entity')
    expect(data!.__type).toEqual({ fields: [{ name: 'id' }, { name: 'title' }, { name: 'author' }] })
  })

  it('answers introspection beside data', async () => {
    const { data } = await ask(gateway, '{ __typename __schema { queryType { name } } book(id: "1") { __typename } }')
    expect(data).toEqual({
      __typename: 'Query',
      __schema: { queryType: { name: 'Query' } },
      book: { __typename: 'Book' },
    })
  })

  it('lets a null where none may be remove its parent, up to the first that may be null', async () => {
    const { data, errors } = await ask(gateway, '{ book(id: "nameless") { title author { name } } }')
    expect(data).toEqual({ book: { title: 'Book nameless', author: null } })
    expect(errors?.[0]).toMatchObject({ extensions: { service: 'authors' } })
  })

  it('passes an error of ours with its code, its path and the service it came from', async () => {
    const { data, errors } = await ask(gateway, '{ books { id } author(id: "nobody") { name } }')
    expect(data!.author).toBeNull()
    expect(data!.books).toHaveLength(4)
    expect(errors).toEqual([
      {
        message: 'There is no author "nobody".',
        path: ['author'],
        extensions: { code: 'NOT_FOUND', service: 'authors' },
      },
    ])
  })

  it('masks what is not ours', async () => {
    const { errors } = await ask(gateway, '{ crash }')
    expect(errors?.[0]?.extensions).toEqual({ code: 'INTERNAL', service: 'authors' })
    expect(JSON.stringify(errors)).not.toContain('secret')
  })

  it.each([
    ['a syntax error', '{ books {', {}],
    ['an unknown field', '{ books { price } }', {}],
    ['a missing variable', 'query ($id: ID!) { author(id: $id) { name } }', {}],
    ['a variable of the wrong type', 'query ($id: ID!) { author(id: $id) { name } }', { id: { a: 1 } }],
    ['an empty document', '', {}],
  ])('answers %s with INVALID_INPUT and no word of a subgraph', async (_what, query, variables) => {
    const { data, errors } = await ask(gateway, query, variables)
    expect(data).toBeUndefined()
    expect(errors?.[0]?.extensions).toEqual({ code: 'INVALID_INPUT' })
  })

  it('gives the rest of the answer when a subgraph is down, and names it; and all of it once it is back', async () => {
    await graph.stop('authors')
    const partial = await ask(gateway, '{ books { title author { id name } } }')
    expect(partial.data!.books).toHaveLength(4)
    expect(partial.errors?.[0]).toMatchObject({ extensions: { code: 'UNAVAILABLE', service: 'authors' } })
    expect(partial.errors?.[0]?.message).toContain('"authors"')

    await graph.start('authors')
    const whole = await ask(gateway, '{ books { title author { id name } } }')
    expect(whole.errors).toBeUndefined()
  })
})
