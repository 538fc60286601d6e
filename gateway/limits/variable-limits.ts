import { GraphQLError } from 'graphql'

/** Levels of lists and objects in a variable: a JSON value that means something has a handful. */
const maxNesting = 64

/**
 * Why variables cannot be passed on as they are, or undefined. JSON knows no infinity: 1e400 would reach a subgraph as
 * null, and be taken for a value that was left out. What is nested without measure exhausts the stack of whoever
 * serializes it; here one level is walked after the other.
 */
export function unfitVariable(variables: object): GraphQLError | undefined {
  let level: readonly (readonly [name: string, value: unknown])[] = Object.entries(variables)
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxNesting) {
      return new GraphQLError(`The variable "$${level[0]![0]}" is nested deeper than ${maxNesting} levels: flatten it.`)
    }
    const infinite = level.find(([, value]) => typeof value === 'number' && !Number.isFinite(value))
    if (infinite) {
      return new GraphQLError(`The variable "$${infinite[0]}" has the number ${infinite[1]}: give one up to 1.8e308.`)
    }
    level = level.flatMap(([name, value]) =>
      typeof value === 'object' && value !== null ? Object.values(value).map(inner => [name, inner] as const) : [],
    )
  }
  return undefined
}
