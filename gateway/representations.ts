import type { GraphQLFormattedError } from 'graphql'

export interface Answer {
  readonly data?: Record<string, unknown> | null
  readonly errors?: readonly GraphQLFormattedError[]
}

interface Distinct {
  readonly variables: Readonly<Record<string, unknown>>
  /** Gives every representation that was left out the answer of its twin. */
  spread(answer: Answer): Answer
}

/**
 * Leaves out entity representations that occur more than once in a fetch (a list of jobs names the same model again and
 * again), which Apollo's executor does not.
 */
export function distinctRepresentations(variables: Readonly<Record<string, unknown>>): Distinct {
  const all = variables.representations as readonly unknown[]
  const places = new Map<string, number>()
  const distinct: unknown[] = []
  const placeOf = all.map(representation => {
    const key = JSON.stringify(representation)
    const known = places.get(key)
    if (known !== undefined) return known
    places.set(key, distinct.length)
    return distinct.push(representation) - 1
  })
  if (distinct.length === all.length) return { variables, spread: answer => answer }

  return {
    variables: { ...variables, representations: distinct },
    spread: ({ data, errors }) => ({
      data: data && { ...data, _entities: spreadEntities(data._entities, placeOf) },
      errors: errors?.flatMap(error => spreadError(error, placeOf)),
    }),
  }
}

// The executor merges later fetches into the entities, so no two places may share an object.
function spreadEntities(entities: unknown, placeOf: readonly number[]): unknown {
  if (!Array.isArray(entities)) return entities
  const given = new Set<number>()
  return placeOf.map(place => {
    if (given.has(place)) return structuredClone(entities[place])
    given.add(place)
    return entities[place]
  })
}

function spreadError(error: GraphQLFormattedError, placeOf: readonly number[]): readonly GraphQLFormattedError[] {
  const [root, place, ...rest] = error.path ?? []
  if (root !== '_entities' || typeof place !== 'number') return [error]
  return placeOf.flatMap((other, index) => (other === place ? [{ ...error, path: [root, index, ...rest] }] : []))
}
