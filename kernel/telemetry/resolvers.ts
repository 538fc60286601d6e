import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql'
import { inSpan } from './spans.ts'

// biome-ignore lint/suspicious/noExplicitAny: resolvers of every type there is.
type Resolver = GraphQLFieldResolver<any, any>

const traced = Symbol('traced')

/**
 * Makes each root field, and the resolution of entities, a span of its own. The schema is changed, once however often
 * it is asked for; a request that is not recorded then pays for one look at its context.
 */
export function traceRootFields(schema: GraphQLSchema): void {
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const resolve = field.resolve ?? defaultFieldResolver
      if (traced in resolve) continue
      field.resolve = spanning(`${type!.name}.${field.name}`, resolve)
    }
  }
}

const spanning = (name: string, resolve: Resolver): Resolver =>
  Object.assign(
    ((source, args, context, info) => inSpan(name, {}, () => resolve(source, args, context, info))) as Resolver,
    { [traced]: true },
  )
