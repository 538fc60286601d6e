import { expect, it } from 'vitest'
import { reshapedStrides } from '../../../../engine/executors/native/views.ts'
import type { Shape } from '../../../../engine/graph/graph.ts'
import { sizeOf, stridesOf } from '../../../../engine/graph/shapes.ts'
import { seeded } from '../../graph/cases.ts'

/** Where each element stands, in row-major order. */
function places(shape: Shape, strides: readonly number[]): number[] {
  const steps = stridesOf(shape)
  return Array.from({ length: sizeOf(shape) }, (_, index) =>
    shape.reduce((place, size, axis) => place + (Math.floor(index / steps[axis]!) % size) * strides[axis]!, 0),
  )
}

/** Strides that give elements the places, if any do: an axis's stride is how far its second element is. */
function stridesFor(shape: Shape, wanted: readonly number[]): number[] | undefined {
  const strides = stridesOf(shape).map((step, axis) => (shape[axis] === 1 ? 0 : wanted[step]! - wanted[0]!))
  return places(shape, strides).every((place, index) => place === wanted[index]! - wanted[0]!) ? strides : undefined
}

it('reshaping keeps every element in its place, and is refused only where no strides would', () => {
  const random = seeded(1)
  const below = (count: number) => Math.floor(random() * count)
  const shuffled = <T>(items: readonly T[]) =>
    items
      .map(item => ({ item, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item)
  /** A shape of so many elements: its prime factors, in any order, some of them in one axis. */
  const shapeOf = (primes: readonly number[]): number[] => {
    const shape = shuffled([...primes, ...(below(2) ? [1] : [])])
    while (shape.length > 1 && below(3)) shape.splice(below(shape.length - 1), 2, shape[0]! * shape[1]!)
    return shape.length > 0 && sizeOf(shape) === sizeOf(primes) ? shape : [...primes]
  }
  let [found, refused] = [0, 0]
  for (let draw = 0; draw < 3000; draw++) {
    const primes = Array.from({ length: 1 + below(4) }, () => [2, 2, 3, 5][below(4)]!)
    const [shape, target] = [shapeOf(primes), shapeOf(primes)]
    // Axes in another order, in longer rows, or repeated.
    const order = below(2) ? [...shape.keys()] : shuffled([...shape.keys()])
    const strides = shape.map(() => 0)
    let step = 1
    for (const axis of order.toReversed()) {
      strides[axis] = below(8) === 0 ? 0 : step
      step *= shape[axis]! + (below(6) === 0 ? 1 : 0)
    }
    const wanted = places(shape, strides)
    const given = reshapedStrides(shape, strides, target)
    if (given) found++
    else refused++
    if (given) expect(places(target, given), `[${shape}] of strides ${strides} as [${target}]`).toEqual(wanted)
    else expect(stridesFor(target, wanted), `[${shape}] of strides ${strides} as [${target}]`).toBeUndefined()
  }
  expect(Math.min(found, refused)).toBeGreaterThan(300)
})
