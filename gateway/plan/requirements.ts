import type { QueryPlanSelectionNode } from '@apollo/query-planner'
import { merge } from './merge.ts'
import { isObject, type Json, read } from './types.ts'
import type { IsOfType } from './types-of.ts'

/**
 * The part of an entity that a subgraph needs to know it by; null when something of it is missing. As in Apollo's
 * executor a list of lists is passed on whole.
 */
export function representationOf(
  entity: Json,
  selections: readonly QueryPlanSelectionNode[],
  isOfType: IsOfType,
): Json | null {
  const result: Json = {}
  for (const selection of selections) {
    if (selection.kind === 'InlineFragment') {
      if (!selection.typeCondition || !isOfType(entity, selection.typeCondition, false)) continue
      const part = representationOf(entity, selection.selections, isOfType)
      if (part) merge(result, part)
      continue
    }
    const name = selection.alias ?? selection.name
    const value = read(entity, name)
    if (value === undefined) return null
    result[name] = selection.selections ? select(value, selection.selections, isOfType) : value
  }
  return result
}

function select(value: unknown, selections: readonly QueryPlanSelectionNode[], isOfType: IsOfType): unknown {
  if (Array.isArray(value)) return value.map(item => select(item, selections, isOfType))
  return isObject(value) ? representationOf(value, selections, isOfType) : value
}
