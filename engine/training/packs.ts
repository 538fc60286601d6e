import type { Node, Shape } from '../graph/graph.ts'
import { concat, reshape, slice } from '../graph/operations.ts'
import { sizeOf } from '../graph/shapes.ts'

/** Several arrays in one vector. */
export interface Pack {
  readonly id: string
  readonly length: number
  readonly places: readonly Place[]
}

/** Where an array stands in the vector. */
export interface Place {
  readonly name: string
  readonly shape: Shape
  readonly start: number
  readonly end: number
}

/**
 * Numbers that a pack of more than one array holds at most. What is done to a vector takes some twenty passes over it: few
 * vectors need few operators, and short ones stay in the processor's caches from one pass to the next.
 */
const MOST = 2 ** 20

/**
 * All arrays in packs, in their order. In a vector the last array stands first: the gradients of the last layers are
 * known first, and ONNX Runtime, which computes what stands first in a vector first, then works each layer's gradients out
 * as it passes the layer, instead of keeping all that they are made of to the end.
 */
export function packsOf(shapes: Readonly<Record<string, Shape>>): readonly Pack[] {
  const groups: [string, Shape][][] = []
  let room = 0
  for (const entry of Object.entries(shapes)) {
    const size = sizeOf(entry[1])
    if (groups.length > 0 && size <= room) groups.at(-1)!.push(entry)
    else {
      groups.push([entry])
      room = MOST
    }
    room -= size
  }
  return groups.map((group, index) => {
    const length = group.reduce((sum, [, shape]) => sum + sizeOf(shape), 0)
    return { id: String(index), length, places: placesOf(group, length) }
  })
}

function placesOf(arrays: readonly (readonly [string, Shape])[], length: number): Place[] {
  let end = length
  return arrays.map(([name, shape]) => {
    const place = { name, shape, start: end - sizeOf(shape), end }
    end = place.start
    return place
  })
}

export function flatten({ places }: Pack, arrays: Readonly<Record<string, Node>>): Node {
  const inOrder = places.toReversed()
  return concat(
    inOrder.map(({ name }) => reshape(arrays[name], [-1])),
    0,
  )
}

export function unflatten({ places }: Pack, vector: Node): Record<string, Node> {
  return Object.fromEntries(
    places.map(({ name, shape, start, end }) => [name, reshape(slice(vector, [start], [end]), shape)]),
  )
}

/** The parts of a vector, in its own memory. */
export function viewsOf({ places }: Pack, vector: Float32Array): Record<string, Float32Array> {
  return Object.fromEntries(places.map(({ name, start, end }) => [name, vector.subarray(start, end)]))
}

/** A vector of what is given for each place. */
export function vectorOf({ places, length }: Pack, arrayOf: (place: Place) => Float32Array): Float32Array {
  const vector = new Float32Array(length)
  for (const place of places) vector.set(arrayOf(place), place.start)
  return vector
}
