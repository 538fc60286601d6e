import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner'
import { representationOf } from './requirements.ts'
import { rewriter } from './rewrites.ts'
import { type Json, read } from './types.ts'
import type { IsOfType } from './types-of.ts'

/** Entities as a subgraph is asked for them. */
export interface Represented {
  /** Each once. */
  readonly representations: readonly Json[]
  /** The first entity of each. */
  readonly owners: readonly Json[]
  /** Index of each entity's representation; those that lack a part of it have none. */
  readonly indexes: readonly (number | undefined)[]
}

/** Prepares the representations that a fetch sends. */
export function representing(
  requires: readonly QueryPlanSelectionNode[],
  inputRewrites: FetchNode['inputRewrites'],
  isOfType: IsOfType,
): (entities: readonly Json[]) => Represented {
  const rewriteInput = rewriter(inputRewrites, isOfType)
  const onlyKey = onlyKeyOf(requires)

  return entities => {
    const representations: Json[] = []
    const owners: Json[] = []
    const known = new Map<string, number>()
    const indexOf = (entity: Json): number | undefined => {
      const representation = representationOf(entity, requires, isOfType)
      if (!representation?.__typename) return
      rewriteInput?.(representation)
      // Two entities of an interface object may differ in their type only.
      const text = `${entity.__typename} ${JSON.stringify(representation)}`
      const found = known.get(text)
      if (found !== undefined) return found
      owners.push(entity)
      const index = representations.push(representation) - 1
      known.set(text, index)
      return index
    }
    const indexes = entities.map(onlyKey === undefined ? indexOf : byTypeAndKey(onlyKey, indexOf))
    return { representations, owners, indexes }
  }
}

/** Most entities are known by their type and one value: the rest of those that have both in common need not be built. */
function byTypeAndKey(name: string, indexOf: (entity: Json) => number | undefined) {
  const known = new Map<unknown, Map<unknown, number | undefined>>()
  return (entity: Json): number | undefined => {
    const typename = read(entity, '__typename')
    const key = read(entity, name)
    let ofType = known.get(typename)
    if (!ofType) {
      ofType = new Map()
      known.set(typename, ofType)
    }
    const found = ofType.get(key)
    if (found !== undefined || ofType.has(key)) return found
    const index = indexOf(entity)
    ofType.set(key, index)
    return index
  }
}

/** Name of the one field besides `__typename` that these selections have; undefined when there are others, or parts of it. */
function onlyKeyOf(requires: readonly QueryPlanSelectionNode[]): string | undefined {
  const names = new Set<string>()
  const isFlat = (selections: readonly QueryPlanSelectionNode[]): boolean =>
    selections.every(selection => {
      if (selection.kind === 'InlineFragment') return isFlat(selection.selections)
      if (selection.selections || selection.alias) return false
      if (selection.name !== '__typename') names.add(selection.name)
      return true
    })
  return isFlat(requires) && names.size === 1 ? [...names][0] : undefined
}
