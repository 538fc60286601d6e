/** Three subgraphs that share users and products, and the queries that are asked over them. */
const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`

export const sdl = {
  accounts: `
    ${link}
    type Query { users(first: Int!, offset: Int!): [User!]! }
    type User @key(fields: "id") { id: ID! name: String! username: String! email: String address: Address }
    type Address { street: String! city: String! country: String! }
  `,
  products: `
    ${link}
    type Query { topProducts(first: Int!, offset: Int!): [Product!]! }
    type Product @key(fields: "upc") { upc: ID! name: String! price: Float! weight: Int tags: [String!]! category: Category! }
    enum Category { BOOK TOOL TOY }
  `,
  reviews: `
    ${link}
    type Review @key(fields: "id") { id: ID! body: String! rating: Int! author: User! product: Product! }
    type User @key(fields: "id") { id: ID! reviews: [Review!]! }
    type Product @key(fields: "upc") { upc: ID! reviews: [Review!]! }
  `,
}

export type SubgraphName = keyof typeof sdl

export interface Query {
  readonly name: string
  readonly query: string
  /** How many values of `$offset` are asked for. */
  readonly offsets: number
  /** Requests of a round, and before the first. */
  readonly requests: number
}

/** Requests differ in `$offset`, so that nobody answers from a cache of responses. */
export const queries: readonly Query[] = [
  {
    name: 'one subgraph',
    query:
      'query Top($offset: Int!) { topProducts(first: 10, offset: $offset) { upc name price weight tags category } }',
    offsets: 200,
    requests: 1_500,
  },
  {
    name: 'three subgraphs over lists',
    query: `query Feed($offset: Int!) {
      users(first: 10, offset: $offset) {
        id name username address { city country }
        reviews { id body rating product { upc name price } }
      }
    }`,
    offsets: 200,
    requests: 600,
  },
  {
    name: 'deep, repeated entities',
    query: `query Deep($offset: Int!) {
      topProducts(first: 5, offset: $offset) {
        name price
        reviews { body rating author {
          name username
          reviews { rating product { name tags reviews { id rating author { username email } } } }
        } }
      }
    }`,
    offsets: 100,
    requests: 200,
  },
]

const users = 60
const products = 60
/** Reviews of each user, and of each product. */
const reviewsPerUser = 4
const categories = ['BOOK', 'TOOL', 'TOY'] as const

const page = <T>(
  count: number,
  make: (index: number) => T,
  { first, offset }: { first: number; offset: number },
): T[] => Array.from({ length: first }, (_, index) => make((offset + index) % count))

const user = (index: number) => ({
  id: `user-${index}`,
  name: `Name of user ${index}`,
  username: `user_${index}`,
  email: index % 7 ? `user-${index}@mail.test` : null,
  address: index % 5 ? { street: `${index} Long Street`, city: `City ${index % 9}`, country: 'NO' } : null,
})
const product = (index: number) => ({
  upc: `upc-${index}`,
  name: `Product "${index}"`,
  price: index * 7.25,
  weight: index % 3 ? index * 10 : null,
  tags: [`tag-${index % 4}`, `tag-${index % 6}`],
  category: categories[index % categories.length],
})
const review = (index: number) => ({
  id: `review-${index}`,
  body: `What user ${userOf(index)} thinks of product ${productOf(index)}, in a sentence of some length.`,
  rating: 1 + (index % 5),
  author: { id: `user-${userOf(index)}` },
  product: { upc: `upc-${productOf(index)}` },
})
const reviewIndexes = Array.from({ length: users * reviewsPerUser }, (_, index) => index)
const userOf = (index: number): number => index % users
const productOf = (index: number): number => (index * 7) % products
const numberOf = (key: string): number => Number(key.slice(key.indexOf('-') + 1))

type Key = { readonly id: string; readonly upc: string }

export const resolvers = {
  accounts: {
    Query: { users: (_: unknown, args: never) => page(users, user, args) },
    User: { __resolveReference: ({ id }: Key) => user(numberOf(id)) },
  },
  products: {
    Query: { topProducts: (_: unknown, args: never) => page(products, product, args) },
    Product: { __resolveReference: ({ upc }: Key) => product(numberOf(upc)) },
  },
  reviews: {
    Review: { __resolveReference: ({ id }: Key) => review(numberOf(id)) },
    User: { reviews: ({ id }: Key) => reviewIndexes.filter(index => userOf(index) === numberOf(id)).map(review) },
    Product: {
      reviews: ({ upc }: Key) => reviewIndexes.filter(index => productOf(index) === numberOf(upc)).map(review),
    },
  },
} satisfies Record<SubgraphName, object>
