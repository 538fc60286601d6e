import { expect, it } from 'vitest'
import { input } from '../../../engine/graph/graph.ts'
import { clipByNorm, euclideanNorm } from '../../../engine/optimizers/clip.ts'
import { evaluate, vector } from '../tiny-decoder.ts'

async function clipped(limit: number, ...numbers: number[]) {
  const gradient = input('gradient', [numbers.length])
  const norm = euclideanNorm(gradient)
  return evaluate({ norm, short: clipByNorm(gradient, norm, limit) }, { gradient: vector(...numbers) })
}

it('measures a gradient by its Euclidean norm', async () => {
  expect((await clipped(1, 2, 3, 6)).norm[0]).toBeCloseTo(7, 12)
})

it('shortens a long gradient to the limit and keeps its direction', async () => {
  const { short } = await clipped(3.5, 2, 3, 6)
  expect([...short].map((value, index) => value / [1, 1.5, 3][index])).toEqual(
    [1, 1, 1].map(value => expect.closeTo(value, 5)),
  )
})

it('leaves a short gradient as it is, and one of zero at zero', async () => {
  expect(await clipped(8, 2, 3, 6)).toMatchObject({ short: [2, 3, 6] })
  expect(await clipped(8, 0, 0)).toEqual({ norm: [0], short: [0, 0] })
})
