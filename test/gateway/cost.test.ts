import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'graphql'
import { expect, it } from 'vitest'
import { loadSupergraph } from '../../gateway/execution/supergraph.ts'
import { openCostCheck } from '../../gateway/limits/cost.ts'
import { composeSupergraph } from '../../schema/compose.ts'

const { supergraph } = composeSupergraph({
  shop: `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@cost", "@listSize"])
    type Query {
      item: Item
      items(first: Int, last: Int): ItemConnection
        @listSize(assumedSize: 20, slicingArguments: ["first", "last"], sizedFields: ["edges"], requireOneSlicingArgument: false)
      five: [Item!]! @listSize(assumedSize: 5)
      some: [Item!]!
      dear: Int @cost(weight: 7)
    }
    type Mutation { sell: Item }
    type ItemConnection { edges: [ItemEdge!]! }
    type ItemEdge { node: Item! }
    type Item { id: ID! gem: Gem self: Item }
    type Gem @cost(weight: 3) { id: ID! }`,
})
const loaded = loadSupergraph(supergraph)

/** The cost, as the refusal says it. */
const costOf = (text: string, variables = {}) =>
  openCostCheck(loaded, -1)(parse(text), undefined, variables)?.extensions.cost

it.each([
  ['an object costs one, and what is in it nothing', '{ item { id } }', 1],
  ['a field may have a weight', '{ dear }', 7],
  ['a type may have a weight', '{ item { gem { id } } }', 4],
  ['a list of a declared length counts every item', '{ five { id gem { id } } }', 20],
  ['a list that nothing is declared about counts once', '{ some { id } }', 1],
  // The connection, then an edge and a node each.
  ['a page has the size that is asked for', '{ items(first: 50) { edges { node { id } } } }', 1 + 50 * 2],
  ['a page that is not bounded has the size that is declared', '{ items { edges { node { id } } } }', 1 + 20 * 2],
  ['the larger of two bounds counts', '{ items(first: 3, last: 9) { edges { node { id } } } }', 1 + 9 * 2],
  ['aliases count one by one', '{ a: item { id } b: item { id } }', 2],
  ['fragments count wherever they are spread', '{ ...F ...F } fragment F on Query { item { id } }', 2],
  [
    'fragments do not hide a page',
    '{ items(first: 4) { ...F } } fragment F on ItemConnection { edges { node { id } } }',
    9,
  ],
  ['a mutation costs ten more', 'mutation { sell { id } }', 11],
])('%s', (_rule, text, cost) => {
  expect(costOf(text)).toBe(cost)
})

it('reads the size of a page from the variables, or their defaults', () => {
  const text = 'query ($n: Int = 5) { items(first: $n) { edges { cursor: __typename } } }'
  expect(costOf(text)).toBe(1 + 5)
  expect(costOf(text, { n: 30 })).toBe(1 + 30)
  const [check, document] = [openCostCheck(loaded, 10), parse(text)]
  expect(check(document, undefined, { n: 5 })).toBeUndefined()
  expect(check(document, undefined, { n: 30 })?.extensions.cost).toBe(31)
  expect(check(document, undefined, {})).toBeUndefined()
})

it('is quick with fragments that double at every level', () => {
  const levels = 200
  const fragments = Array.from(
    { length: levels },
    (_, i) => `fragment F${i} on Item { a: self { ...F${i + 1} } b: self { ...F${i + 1} } }`,
  )
  const text = `{ item { ...F0 } } ${fragments.join(' ')} fragment F${levels} on Item { id }`
  expect(costOf(text)).toBeGreaterThan(1e50)
})

it('honours what the forge declares of its own connections', () => {
  const forge = loadSupergraph(readFileSync(join(import.meta.dirname, '../../schema/supergraph.graphql'), 'utf8'))
  const check = openCostCheck(forge, 20_000)
  const nested = (first: number) =>
    parse(`{ models(first: ${first}) { edges { node { versions(first: ${first}) { edges { node { id } } } } } } }`)
  expect(check(nested(20), undefined, {})).toBeUndefined()
  expect(check(nested(100), undefined, {})?.extensions).toMatchObject({ code: 'INVALID_INPUT' })
})
