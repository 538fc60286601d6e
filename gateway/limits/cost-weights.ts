import { type Directive, InterfaceType, ObjectType, type Schema } from '@apollo/federation-internals'

/** What is declared about a type or field. */
export interface Weights {
  readonly cost?: number
  readonly listSize?: {
    readonly assumedSize?: number
    readonly slicingArguments?: readonly string[]
    readonly sizedFields?: readonly string[]
  }
}

/** Reads @cost and @listSize of a supergraph by `Type` and `Type.field`. */
export function readWeights(schema: Schema): (coordinate: string) => Weights {
  const known = new Map<string, Weights>()
  const read = (coordinate: string, { appliedDirectives }: { appliedDirectives: readonly Directive[] }) => {
    const found: { cost?: number; listSize?: Weights['listSize'] } = {}
    for (const directive of appliedDirectives) {
      const name = schema.coreFeatures?.sourceFeature(directive)?.nameInFeature
      if (name === 'cost') found.cost = Number((directive.arguments() as { weight: number }).weight)
      if (name === 'listSize') found.listSize = directive.arguments() as Weights['listSize']
    }
    if (found.cost !== undefined || found.listSize) known.set(coordinate, found)
  }
  for (const type of schema.types()) {
    read(type.name, type)
    if (!(type instanceof ObjectType || type instanceof InterfaceType)) continue
    for (const field of type.fields()) read(`${type.name}.${field.name}`, field)
  }
  const none: Weights = {}
  return coordinate => known.get(coordinate) ?? none
}
