import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { roles, type Scope } from '../../../kernel/auth/identity.ts'
import { identityVerifier, type Verify } from '../../../kernel/auth/tokens.ts'
import type { Serving } from '../../../kernel/serve.ts'
import { cannedSubgraphs } from '../../support/canned-graph.ts'
import { type FederatedGraph, startFederatedGraph } from '../../support/federated-graph.ts'
import { ask, gatewayOf, type Result, subscribe } from '../../support/gateway.ts'
import { type IdentityService, startIdentityService } from '../../support/identity-service.ts'

const root = join(import.meta.dirname, '../../..')
const schema = buildSchema(readFileSync(join(root, 'schema/api.graphql'), 'utf8'))
const holders: Record<string, readonly Scope[]> = { none: [], ...roles }
const rank = ['none', ...Object.keys(roles)]

/** Least role of every field, as docs/permissions.md has it; rows are `| type | fields | needs | least role |`. */
const leastRoles = new Map<string, string>(
  [
    ...readFileSync(join(root, 'docs/permissions.md'), 'utf8').matchAll(/^\| `(\w+)` \| (.+) \| .+ \| (\S+) \|$/gm),
  ].flatMap(([, type, fields, least]) =>
    fields!.split(', ').map(field => [`${type}.${field.replaceAll('`', '')}`, least!] as const),
  ),
)
const mayHave = (role: string, coordinate: string) => {
  const least = leastRoles.get(coordinate)!
  return least === '–' || least === 'any' || rank.indexOf(role) >= rank.indexOf(least)
}

interface Step {
  readonly coordinate: string
  readonly text: string
  readonly name: string
}

/** The shortest way from a root to every object type. */
const ways = new Map<string, { operation: string; steps: readonly Step[] }>()
for (const [operation, type] of [
  ['query', schema.getQueryType()!],
  ['subscription', schema.getSubscriptionType()!],
  ['mutation', schema.getMutationType()!],
] as const) {
  const next: { type: GraphQLObjectType; steps: readonly Step[] }[] = [{ type, steps: [] }]
  for (let at = next.shift(); at; at = next.shift()) {
    if (ways.has(at.type.name)) continue
    ways.set(at.type.name, { operation, steps: at.steps })
    for (const field of Object.values(at.type.getFields())) {
      const result = getNamedType(field.type)
      if (isObjectType(result)) next.push({ type: result, steps: [...at.steps, stepOf(at.type, field)] })
    }
  }
}

describe('every field as every role', () => {
  let identities: IdentityService
  let graph: FederatedGraph
  let gateway: Serving
  beforeAll(async () => {
    identities = await startIdentityService(() => graph.url('orchestration'))
    for (const [role, scopes] of Object.entries(holders)) {
      identities.keys.set(role, { principal: `key_${role}`, name: role, project: 'default', scopes })
    }
    const sources = cannedSubgraphs()
    const verifiers = new Map<string, Verify>()
    graph = await startFederatedGraph(sources, name => authorization => verifiers.get(name)!(authorization))
    gateway = await gatewayOf(graph, { FORGE_AUTH: 'on', ORCHESTRATION_URL: identities.url })
    for (const name of Object.keys(sources)) verifiers.set(name, identityVerifier(gateway.url, name))
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
    await identities[Symbol.asyncDispose]()
  })

  it('has a line in the table for every field of the graph, and no other', () => {
    const all = objectTypes().flatMap(type => Object.keys(type.getFields()).map(name => `${type.name}.${name}`))
    expect([...leastRoles.keys()].sort()).toEqual(all.sort())
    expect(all.length).toBeGreaterThan(200)
  })

  async function run(role: string, operation: string, selection: string): Promise<Result> {
    const headers = { authorization: `Bearer ${role}` }
    if (operation !== 'subscription') return ask(gateway, `${operation} ${selection}`, {}, headers)
    const events = subscribe(gateway, `${operation} ${selection}`, { connectionParams: headers })
    const { value } = await events.next()
    await events.return!()
    return value
  }

  it.each(Object.keys(holders))('gives %s what the table says, and nothing else', { timeout: 120_000 }, async role => {
    for (const type of objectTypes()) {
      const { operation, steps } = ways.get(type.name)!
      const isRootType = steps.length === 0
      const fields = Object.values(type.getFields())
      // A refused root field refuses all of a mutation, so each is asked for alone.
      for (const asked of isRootType ? fields.map(field => [field]) : [fields]) {
        const own = asked.map(field => stepOf(type, field))
        const selection = [...steps]
          .reverse()
          .reduce(
            (inner, { text }) => `{ ${text} ${inner} }`,
            `{ ${own.map(({ text, coordinate }) => `${text} ${isComposite(coordinate) ? '{ __typename }' : ''}`).join(' ')} }`,
          )
        const { data, errors } = await run(role, operation, selection)
        const barrier = steps.find(({ coordinate }) => !mayHave(role, coordinate))
        const denied = barrier ? [barrier] : own.filter(({ coordinate }) => !mayHave(role, coordinate))

        const codes = new Set(errors?.map(({ extensions }) => extensions?.code))
        expect([...codes], `${role}: ${operation} ${selection} ${JSON.stringify(errors)}`).toEqual(
          denied.length > 0 ? ['FORBIDDEN'] : [],
        )
        for (const { coordinate } of denied) {
          expect(
            errors?.some(({ message }) => message.includes(`\`${coordinate}\``)),
            `${role} ${coordinate}`,
          ).toBe(true)
        }
        for (const { name, coordinate } of own) {
          const seen = reach(data, [...steps.map(step => step.name), name])
          expect(seen !== undefined && seen !== null, `${role} sees ${coordinate}`).toBe(
            !barrier && denied.every(step => !isNonNull(type, step)) && mayHave(role, coordinate),
          )
        }
      }
    }
  })

  it('denies a field through fragments, aliases and interfaces alike', async () => {
    const hidden =
      'query { mine: apiKeys { ...Keys } } fragment Keys on ApiKeyConnection { edges { node { ... on ApiKey { id } } } }'
    const { data, errors } = await run('trainer', '', hidden)
    expect(data?.mine ?? null).toBeNull()
    expect(errors?.map(({ extensions }) => extensions?.code)).toContain('FORBIDDEN')
    expect(errors?.[0]).toMatchObject({ path: ['mine'], extensions: { scopes: [[['identity:write']]] } })
  })

  it('answers the rest of a query, and counts no field that the variables leave out', async () => {
    const query = 'query ($keys: Boolean! = false) { viewer { name } apiKeys @include(if: $keys) { edges { cursor } } }'
    const headers = { authorization: 'Bearer viewer' }
    expect(await ask(gateway, query, {}, headers)).toMatchObject({ status: 200, data: { viewer: { name: 'x' } } })
    expect((await ask(gateway, query, {}, headers)).errors).toBeUndefined()
    const asked = await ask(gateway, query, { keys: true }, headers)
    expect(asked.data).toEqual({ viewer: { name: 'x' }, apiKeys: null })
    expect(asked.errors).toMatchObject([{ path: ['apiKeys'], extensions: { code: 'FORBIDDEN' } }])
  })

  it('refuses a mutation as a whole, with status 403', async () => {
    const query = 'mutation { cancelRun(id: "1") { id } revokeApiKey(id: "1") { id } }'
    const refused = await ask(gateway, query, {}, { authorization: 'Bearer trainer' })
    expect(refused).toMatchObject({ status: 403, errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    expect(refused.data ?? null).toBeNull()
  })

  it('tells its schema to viewers and above only', async () => {
    const query = '{ __schema { queryType { name } } }'
    expect((await run('viewer', 'query', query)).data).toEqual({ __schema: { queryType: { name: 'Query' } } })
    expect((await run('none', 'query', query)).errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN' })
  })
})

function objectTypes(): GraphQLObjectType[] {
  return Object.values(schema.getTypeMap()).filter(
    (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
  )
}

function isComposite(coordinate: string): boolean {
  const [type, field] = coordinate.split('.')
  return isObjectType(getNamedType((schema.getType(type!) as GraphQLObjectType).getFields()[field!]!.type))
}

function isNonNull(type: GraphQLObjectType, { coordinate }: Step): boolean {
  const [owner, field] = coordinate.split('.')
  return owner === type.name && getNullableType(type.getFields()[field!]!.type) !== type.getFields()[field!]!.type
}

function stepOf(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): Step {
  const given = field.args.filter(isRequiredArgument).map(({ name, type }) => `${name}: ${literal(type)}`)
  const text = given.length > 0 ? `${field.name}(${given.join(', ')})` : field.name
  return { coordinate: `${type.name}.${field.name}`, text, name: field.name }
}

function literal(type: GraphQLInputType): string {
  if (isListType(getNullableType(type))) return '[]'
  const named = getNamedType(type)
  if (isEnumType(named)) return named.getValues()[0]!.name
  if (isInputObjectType(named)) {
    const required = Object.values(named.getFields()).filter(isRequiredInputField)
    return `{ ${required.map(({ name, type }) => `${name}: ${literal(type)}`).join(', ')} }`
  }
  return { Int: '1', Float: '1', Boolean: 'true' }[named.name] ?? '"1"'
}

/** What stands there, in the first item of every list on the way. */
function reach(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => {
    const value = (at as Record<string, unknown> | null | undefined)?.[name]
    return Array.isArray(value) ? value[0] : value
  }, data)
}
