import { buildSchema } from 'graphql'
import { expect, it } from 'vitest'
import { loadSupergraph } from '../../gateway/execution/supergraph.ts'
import { composeSupergraph } from '../../schema/compose.ts'
import { library } from '../support/library.ts'

const sdl = Object.fromEntries(Object.entries(library().sources).map(([name, source]) => [name, source.sdl]))

it('composes subgraphs into what the gateway runs and what clients see', () => {
  const { supergraph, api } = composeSupergraph(sdl, { books: 'http://books.test/graphql' })
  const loaded = loadSupergraph(supergraph)
  expect(loaded.subgraphs.get('books')).toBe('http://books.test/graphql')
  expect(loaded.subgraphs.get('shop')).toBe('')
  expect([...loaded.resumables].map(([field, { cursor }]) => [field, cursor])).toEqual([['sales', 'cursor']])
  expect(Object.keys(buildSchema(api).getSubscriptionType()!.getFields())).toEqual(['sales', 'tips'])
  expect(api).not.toMatch(/join__|_entities/)
})

it('names every complaint when subgraphs do not fit together', () => {
  const wrong = { ...sdl, authors: sdl.authors!.replace('name: String!', 'name: Nothing') }
  expect(() => composeSupergraph(wrong)).toThrow(/do not compose:\n- .*Nothing/)
})
