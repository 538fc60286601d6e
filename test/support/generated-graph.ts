import { buildSubgraphSchema } from '@apollo/subgraph'
import {
  execute,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  parse,
} from 'graphql'
import { loadSupergraph } from '../../gateway/execution/supergraph.ts'
import { composeSupergraph } from '../../schema/compose.ts'

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@shareable", "@external", "@requires", "@provides", "@interfaceObject"])
  enum Color { RED GREEN BLUE }`

const extraTypes = ['String', 'Int', 'Color', '[[Int!]]', '[Color!]', 'Boolean!', 'Person', '[Person]', '[Person!]']

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Which of the subgraphs has which field of a person and of a book, and of what type it is, is drawn by `seed`. */
function generatedSubgraphs(seed: number): Record<string, string> {
  const next = random(seed)
  const extras: Record<'Person' | 'Book', string[][]> = { Person: [[], [], []], Book: [[], [], []] }
  for (const type of ['Person', 'Book'] as const)
    for (let index = 0; index < 5; index += 1)
      extras[type][Math.floor(next() * 3)]!.push(
        `extra${index}: ${extraTypes[Math.floor(next() * extraTypes.length)]!}`,
      )
  const of = (type: 'Person' | 'Book', subgraph: number) => extras[type][subgraph]!.join('\n')
  return {
    a: `${link}
      type Query { person(id: ID! = "0"): Person people: [Person!] media: [Media]! things: [Thing!] grid: [[Book]] }
      type Mutation { touch(id: ID!): Person rename(name: String): Book }
      union Thing = Book | Movie | Person
      interface Media @key(fields: "id") { id: ID! title: String }
      type Book implements Media @key(fields: "id") {
        id: ID! title: String pages: Int! author: Person @provides(fields: "name") box: Box @shareable ${of('Book', 0)} }
      type Movie implements Media @key(fields: "id") { id: ID! title: String minutes(in: Int = 1): Int director: Person! }
      type Box @shareable { color: Color! depth: Int }
      type Person @key(fields: "id") { id: ID! name: String @external favourite: Media ${of('Person', 0)} }`,
    b: `${link}
      type Query { oldest: Person best: Book }
      type Person @key(fields: "id") {
        id: ID! name: String @shareable size: Int weight: Int friends: [Person!]! ${of('Person', 1)} }
      type Book @key(fields: "id") { id: ID! price: Float readers: [Person] ${of('Book', 1)} }`,
    c: `${link}
      type Media @key(fields: "id") @interfaceObject { id: ID! rating: Int! reviews: [Review!] }
      type Review { text: String stars: Int! by: Person }
      type Person @key(fields: "id") {
        id: ID! size: Int @external weight: Int @external label: String @requires(fields: "size weight") ${of('Person', 2)} }`,
    d: `${link}
      type Book @key(fields: "id") { id: ID! pages: Int! @external heft: String! @requires(fields: "pages") box: Box @shareable
        ${of('Book', 2)} }
      type Person @key(fields: "id") { id: ID! }
      type Box @shareable { color: Color! depth: Int }`,
  }
}

type Source = Record<string, unknown> & { __typename?: string; id?: string }

const hash = (text: string): number => {
  let value = 2166136261
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 16777619)
  return random(value)()
}

/** What a field of an entity is, the same whichever subgraph is asked; some are null, also where none may be. */
function fieldValue(schema: GraphQLSchema, type: GraphQLOutputType, place: string): unknown {
  const chance = hash(place)
  if (isNonNullType(type)) return chance < 0.03 ? null : fieldValue(schema, type.ofType, `${place}!`)
  if (chance < 0.15) return null
  if (isListType(type))
    return Array.from({ length: Math.floor(chance * 4) }, (_, at) => fieldValue(schema, type.ofType, `${place}.${at}`))
  const pick = <T>(values: readonly T[]): T => values[Math.floor(hash(`${place}?`) * values.length)]!
  if (isEnumType(type)) return pick(type.getValues()).value
  if (isLeafType(type)) {
    const leaves: Record<string, unknown> = { Int: Math.floor(chance * 100), Float: chance, Boolean: chance > 0.5 }
    return leaves[type.name] ?? place
  }
  const typename = pick({ Media: ['Book', 'Movie'], Thing: ['Book', 'Movie', 'Person'] }[type.name] ?? [type.name])
  // In the subgraph of the interface object the interface is an object.
  const known = schema.getType(typename) ? typename : type.name
  const key = { Book: 'book', Movie: 'movie', Person: 'person' }[typename]
  return key ? { __typename: known, id: `${key}-${pick([0, 1, 2])}` } : { __typename: typename, id: place }
}

const resolve: GraphQLFieldResolver<Source | undefined, unknown> = (source, _args, _context, info) => {
  const { fieldName, parentType, returnType, schema } = info
  if (fieldName === 'label') return `${source!.size}/${source!.weight}`
  if (fieldName === 'heft') return source!.pages === null ? null : `${source!.pages} pages`
  if (source && fieldName in source) return source[fieldName]
  return fieldValue(schema, returnType, `${source?.id ?? parentType.name}.${fieldName}`)
}

/** A supergraph that is drawn by `seed`, and its subgraphs, which run in this process. */
export function generatedGraph(seed: number) {
  const sdl = generatedSubgraphs(seed)
  const supergraph = loadSupergraph(composeSupergraph(sdl).supergraph)
  const services = Object.fromEntries(
    Object.entries(sdl).map(([name, source]) => {
      const schema = buildSubgraphSchema({ typeDefs: parse(source) }) as GraphQLSchema
      const process = async ({ request }: { request: { query?: string; variables?: Record<string, unknown> } }) => {
        const { query, variables } = JSON.parse(JSON.stringify(request))
        const result = await execute({
          schema,
          document: parse(query),
          variableValues: variables,
          fieldResolver: resolve as never,
        })
        const { data, errors } = JSON.parse(JSON.stringify(result))
        const marked = errors?.map((error: object) => ({ ...error, extensions: { code: 'NOT_FOUND', service: name } }))
        return { data, errors: marked }
      }
      return [name, { process }]
    }),
  )
  return { supergraph, services }
}
