import { parse } from 'graphql'
import { expect, it } from 'vitest'
import { openPermissions } from '../../../gateway/access/permissions.ts'
import { loadSupergraph } from '../../../gateway/execution/supergraph.ts'
import type { Scope } from '../../../kernel/auth/identity.ts'
import { composeSupergraph } from '../../../schema/compose.ts'

const { supergraph } = composeSupergraph({
  zoo: `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
      import: ["@key", "@authenticated", "@requiresScopes", "@policy"])
    type Query { animals: [Animal!] wolf: Wolf beast: Beast vault: String @policy(policies: [["directors"]]) either: Int
      @requiresScopes(scopes: [["training:read", "training:write"], ["models:write"]]) }
    interface Animal { id: ID! name: String }
    type Sheep implements Animal { id: ID! name: String }
    type Wolf implements Animal @requiresScopes(scopes: [["training:read"]]) {
      id: ID! name: String den: String @requiresScopes(scopes: [["models:read"]]) }
    union Beast = Wolf | Sheep`,
})
const permissions = openPermissions(loadSupergraph(supergraph), { introspection: 'viewer', open: false })

/** The fields that are denied, as the errors name them, and whether all of the operation is. */
function denied(text: string, scopes: readonly Scope[] = [], variables = {}) {
  const identity = { principal: 'key_1', name: '', project: '*', scopes }
  const permission = permissions.permit(parse(text), undefined, identity)
  const fields = permission.errors(variables).map(({ message }) => /`(.+?)`/.exec(message)?.[1])
  return { fields, isWhole: permission.isWhole }
}

it('guards a type on the way to it, and its fields once more', () => {
  expect(denied('{ wolf { id den } beast { __typename } }')).toEqual({ fields: ['Query.wolf'], isWhole: false })
  expect(denied('{ wolf { id den } }', ['training:read']).fields).toEqual(['Wolf.den'])
  expect(denied('{ wolf { id den } }', ['training:read', 'models:read']).fields).toEqual([])
})

it('guards a type behind an interface and a union', () => {
  // Composition gives an interface what any of its types demands.
  expect(denied('{ animals { name } }').fields).toEqual(['Query.animals'])
  expect(denied('{ animals { name } }', ['training:read']).fields).toEqual([])
  expect(denied('{ beast { ... on Sheep { name } ... on Wolf { name } } }').fields).toEqual(['Wolf.name'])
  expect(denied('{ beast { ...W } } fragment W on Wolf { den }', ['training:read']).fields).toEqual(['Wolf.den'])
})

it('takes any of the lists of a directive, and all of a list', () => {
  expect(denied('{ either beast { __typename } }', ['training:read']).fields).toEqual(['Query.either'])
  expect(denied('{ either }', ['training:read', 'training:write']).fields).toEqual([])
  expect(denied('{ either }', ['models:write']).fields).toEqual([])
})

it('keeps what a policy guards shut, since it knows none', () => {
  expect(denied('{ vault }', ['identity:write'])).toEqual({ fields: ['Query.vault'], isWhole: true })
})

it('says nothing about a field that the variables leave out, unless another way asks for it', () => {
  const once = 'query ($x: Boolean!) { beast { ...F @include(if: $x) } } fragment F on Wolf { den }'
  expect(denied(once, [], { x: false }).fields).toEqual([])
  expect(denied(once, [], { x: true }).fields).toEqual(['Wolf.den'])
  const twice = 'query ($x: Boolean!) { beast { ...F @include(if: $x) ...F } } fragment F on Wolf { den }'
  expect(denied(twice, [], { x: false }).fields).toEqual(['Wolf.den'])
})

it('refuses an operation that cannot be told from the others', () => {
  const identity = { principal: 'key_1', name: '', project: '*', scopes: [] }
  const permission = permissions.permit(parse('query A { wolf { id } } query B { either }'), '', identity)
  expect(permission.isWhole).toBe(true)
  expect(permission.errors({})).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }])
})
