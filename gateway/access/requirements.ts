import { baseType, type Directive, InterfaceType, ObjectType, type Schema } from '@apollo/federation-internals'
import type { Identity } from '../../kernel/auth/identity.ts'

/** One directive of a supergraph: any of the lists will do, and a list wants all of its members. */
export type Demand = readonly (readonly string[])[]

/** What somebody must hold to see a field; every demand has to be met. */
export interface Requirement {
  /** Met by whoever comes this far: the gateway answers nobody whom it does not know. */
  readonly authenticated: boolean
  readonly scopes: readonly Demand[]
  /** Names of @policy. */
  readonly policies: readonly Demand[]
}

export interface Requirements {
  /** Undefined for a field that anybody may see. */
  of(typeName: string, fieldName: string): Requirement | undefined
}

/** Policies are decided by whoever runs a graph; this gateway knows none, so that what they guard stays shut. */
export const meets = ({ scopes, policies }: Requirement, identity: Identity): boolean =>
  policies.length === 0 &&
  scopes.every(demand => demand.some(all => all.every(scope => (identity.scopes as readonly string[]).includes(scope))))

/** Reads @authenticated, @requiresScopes and @policy of a supergraph, for every way to every field. */
export function readRequirements(schema: Schema): Requirements {
  const known = new Map<string, Requirement | undefined>()
  const securityName = (directive: Directive) =>
    schema.coreFeatures?.sourceFeature(directive.definition!)?.nameInFeature ?? directive.name

  const demanded = (place: { appliedDirectives: readonly Directive[] } | undefined): Requirement[] =>
    (place?.appliedDirectives ?? []).flatMap((directive): Requirement[] => {
      const { scopes, policies } = directive.arguments() as { scopes?: Demand; policies?: Demand }
      switch (securityName(directive)) {
        case 'authenticated':
          return [{ authenticated: true, scopes: [], policies: [] }]
        case 'requiresScopes':
          return [{ authenticated: true, scopes: [scopes!], policies: [] }]
        case 'policy':
          return [{ authenticated: false, scopes: [], policies: [policies!] }]
        default:
          return []
      }
    })

  function find(typeName: string, fieldName: string): Requirement | undefined {
    const type = schema.type(typeName)
    const field = type instanceof ObjectType || type instanceof InterfaceType ? type.field(fieldName) : undefined
    if (!type || !field) return
    // What an interface's field gives comes from one of its types: who may not see all of them asks for one of them.
    const ways = type instanceof InterfaceType ? type.possibleRuntimeTypes() : []
    const result = field.type && baseType(field.type)
    return merge([
      ...demanded(type),
      ...demanded(field as never),
      ...demanded(result),
      ...ways.flatMap(way => [...demanded(way), ...demanded(way.field(fieldName) as never)]),
    ])
  }

  return {
    of(typeName, fieldName) {
      const coordinate = `${typeName}.${fieldName}`
      if (!known.has(coordinate)) known.set(coordinate, find(typeName, fieldName))
      return known.get(coordinate)
    },
  }
}

function merge(found: readonly Requirement[]): Requirement | undefined {
  if (found.length === 0) return
  const distinct = (demands: readonly Demand[]) => [
    ...new Map(demands.map(demand => [JSON.stringify(demand), demand])).values(),
  ]
  return {
    authenticated: found.some(({ authenticated }) => authenticated),
    scopes: distinct(found.flatMap(({ scopes }) => scopes)),
    policies: distinct(found.flatMap(({ policies }) => policies)),
  }
}

/** `a or (b and c)`, as in an error or a table. */
export const describeDemand = (demand: Demand): string =>
  demand.map(all => (all.length > 1 && demand.length > 1 ? `(${all.join(' and ')})` : all.join(' and '))).join(' or ')
