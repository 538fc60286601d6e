import { type GraphQLSchema, isAbstractType, isInterfaceType, isObjectType } from 'graphql'
import { type Json, read } from './types.ts'

/** Whether an object of the answer is of a type; `unknown` is said of one that does not give its type. */
export type IsOfType = (object: Json, condition: string, unknown: boolean) => boolean

/** Decides by the whole supergraph, whose types the plans name; what was decided is kept. */
export function typeTest(schema: GraphQLSchema): IsOfType {
  const known = new Map<string, Map<string, boolean>>()
  const decide = (typename: string, condition: string): boolean => {
    const [type, conditional] = [schema.getType(typename), schema.getType(condition)]
    if (!type || !isAbstractType(conditional)) return false
    return (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(conditional, type)
  }
  return (object, condition, unknown) => {
    const typename = read(object, '__typename')
    if (!typename || typeof typename !== 'string') return unknown
    if (typename === condition) return true
    const ofCondition = known.get(condition) ?? new Map<string, boolean>()
    known.set(condition, ofCondition)
    const decided = ofCondition.get(typename)
    if (decided !== undefined) return decided
    const decision = decide(typename, condition)
    // A subgraph may name types that are not in the supergraph, any number of them.
    if (ofCondition.size < 1_000) ofCondition.set(typename, decision)
    return decision
  }
}
