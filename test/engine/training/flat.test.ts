import { expect, it } from 'vitest'
import { input } from '../../../engine/graph/graph.ts'
import { flatten, lengthOf, placesOf, unflatten, vectorOf, viewsOf } from '../../../engine/training/flat.ts'
import { evaluate } from '../tiny-decoder.ts'

const shapes = { a: [2, 3], b: [4], c: [] }
const places = placesOf(shapes)
const numbers = { a: [1, 2, 3, 4, 5, 6], b: [7, 8, 9, 10], c: [11] }

it('puts the last array first, without gaps', () => {
  expect(places.map(({ name, start, end }) => [name, start, end])).toEqual([
    ['a', 5, 11],
    ['b', 1, 5],
    ['c', 0, 1],
  ])
  expect(lengthOf(places)).toBe(11)
})

it('has the same places in a graph as in memory', async () => {
  const vector = [11, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6]
  const nodes = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)]))
  const fed = (name: keyof typeof shapes) => ({ data: Float64Array.from(numbers[name]), shape: shapes[name] })
  const flat = flatten(places, nodes)
  const parts = Object.entries(unflatten(places, flat)).map(([name, part]) => [`part.${name}`, part] as const)
  const found = await evaluate({ flat, ...Object.fromEntries(parts) }, { a: fed('a'), b: fed('b'), c: fed('c') })

  expect([...found.flat]).toEqual(vector)
  const whole = vectorOf(places, ({ name }) => Float32Array.from(numbers[name as keyof typeof numbers]))
  expect([...whole]).toEqual(vector)
  const views = viewsOf(places, whole)
  for (const [name, expected] of Object.entries(numbers)) {
    expect([...found[`part.${name}`]]).toEqual(expected)
    expect([...views[name]]).toEqual(expected)
  }
})
