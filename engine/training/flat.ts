import type { Node, Shape } from '../graph/graph.ts'
import { concat, reshape, slice } from '../graph/operations.ts'
import { sizeOf } from '../graph/shapes.ts'

/** Where an array stands in a vector that holds several. */
export interface Place {
  readonly name: string
  readonly shape: Shape
  readonly start: number
  readonly end: number
}

/**
 * The places of arrays in one vector, of which the last array stands first. The gradients of the last layers are known
 * first, and ONNX Runtime, which computes what stands first in a vector first, then works each layer's gradients out as
 * it passes the layer, instead of keeping all that they are made of to the end.
 */
export function placesOf(shapes: Readonly<Record<string, Shape>>): readonly Place[] {
  let end = Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0)
  return Object.entries(shapes).map(([name, shape]) => {
    const place = { name, shape, start: end - sizeOf(shape), end }
    end = place.start
    return place
  })
}

/** How many numbers a vector of these places holds. */
export const lengthOf = (places: readonly Place[]): number => places[0]?.end ?? 0

export function flatten(places: readonly Place[], arrays: Readonly<Record<string, Node>>): Node {
  const inOrder = places.toReversed()
  return concat(
    inOrder.map(({ name }) => reshape(arrays[name], [-1])),
    0,
  )
}

export function unflatten(places: readonly Place[], vector: Node): Record<string, Node> {
  return Object.fromEntries(
    places.map(({ name, shape, start, end }) => [name, reshape(slice(vector, [start], [end]), shape)]),
  )
}

/** The parts of a vector, in its own memory. */
export function viewsOf(places: readonly Place[], vector: Float32Array): Record<string, Float32Array> {
  return Object.fromEntries(places.map(({ name, start, end }) => [name, vector.subarray(start, end)]))
}

/** A vector of what is given for each place. */
export function vectorOf(places: readonly Place[], arrayOf: (place: Place) => Float32Array): Float32Array {
  const vector = new Float32Array(lengthOf(places))
  for (const place of places) vector.set(arrayOf(place), place.start)
  return vector
}
