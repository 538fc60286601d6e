import { expect, it } from 'vitest'
import { input } from '../../../engine/graph/graph.ts'
import { flatten, packsOf, unflatten, vectorOf, viewsOf } from '../../../engine/training/packs.ts'
import { evaluate } from '../tiny-decoder.ts'

const shapes = { a: [2, 3], b: [4], c: [] }
const numbers = { a: [1, 2, 3, 4, 5, 6], b: [7, 8, 9, 10], c: [11] }

it('puts the last array of a pack first, without gaps', () => {
  const packs = packsOf(shapes)
  expect(packs).toMatchObject([{ id: '0', length: 11 }])
  expect(packs[0].places.map(({ name, start, end }) => [name, start, end])).toEqual([
    ['a', 5, 11],
    ['b', 1, 5],
    ['c', 0, 1],
  ])
})

it('begins another pack where an array has no room, and gives one that is too large a pack of its own', () => {
  const packs = packsOf({ a: [1000, 1000], b: [40_000], c: [40_000], d: [2000, 1000], e: [3], f: [2] })
  expect(packs.map(({ id, length, places }) => [id, length, places.map(({ name }) => name)])).toEqual([
    ['0', 1_040_000, ['a', 'b']],
    ['1', 40_000, ['c']],
    ['2', 2_000_000, ['d']],
    ['3', 5, ['e', 'f']],
  ])
})

it('has the same places in a graph as in memory', async () => {
  const [pack] = packsOf(shapes)
  const vector = [11, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6]
  const nodes = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)]))
  const fed = (name: keyof typeof shapes) => ({ data: Float64Array.from(numbers[name]), shape: shapes[name] })
  const flat = flatten(pack, nodes)
  const parts = Object.entries(unflatten(pack, flat)).map(([name, part]) => [`part.${name}`, part] as const)
  const found = await evaluate({ flat, ...Object.fromEntries(parts) }, { a: fed('a'), b: fed('b'), c: fed('c') })

  expect([...found.flat]).toEqual(vector)
  const whole = vectorOf(pack, ({ name }) => Float32Array.from(numbers[name as keyof typeof numbers]))
  expect([...whole]).toEqual(vector)
  const views = viewsOf(pack, whole)
  for (const [name, expected] of Object.entries(numbers)) {
    expect([...found[`part.${name}`]]).toEqual(expected)
    expect([...views[name]]).toEqual(expected)
  }
})
