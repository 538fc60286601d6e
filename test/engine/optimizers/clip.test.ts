import { expect, it } from 'vitest'
import { input } from '../../../engine/graph/graph.ts'
import { clipByNorm, globalNorm } from '../../../engine/optimizers/clip.ts'
import { evaluate, vector } from '../tiny-decoder.ts'

async function clipped(limit: number, a: number[], b: number[]) {
  const gradients = [input('a', [a.length]), input('b', [b.length])]
  const norm = globalNorm(gradients)
  const [first, second] = clipByNorm(gradients, norm, limit)
  return evaluate({ norm, first, second }, { a: vector(...a), b: vector(...b) })
}

it('measures all gradients as one vector', async () => {
  const { norm } = await clipped(1, [2, 3], [6])
  expect(norm[0]).toBeCloseTo(7, 12)
})

it('shortens a long gradient to the limit and keeps its direction', async () => {
  const { first, second } = await clipped(3.5, [2, 3], [6])
  expect([...first, ...second].map((value, index) => value / [1, 1.5, 3][index])).toEqual(
    [1, 1, 1].map(value => expect.closeTo(value, 5)),
  )
})

it('leaves a short gradient as it is, and one of zero at zero', async () => {
  expect(await clipped(8, [2, 3], [6])).toMatchObject({ first: [2, 3], second: [6] })
  expect(await clipped(8, [0], [0])).toEqual({ norm: [0], first: [0], second: [0] })
})
