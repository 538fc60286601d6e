import { describe, expect, it } from 'vitest'
import { keptByDefault, keptOf, superfluous } from '../../../../subgraphs/training/checkpoints/checkpoint.ts'

const at = (step: number, validationLoss: number | null = null) => ({ step, validationLoss })
const dropped = (checkpoints: ReturnType<typeof at>[], last: number, best: number) =>
  superfluous(checkpoints, { last, best }).map(({ step }) => step)

describe('superfluous checkpoints', () => {
  it('are neither among the last nor among the best', () => {
    const all = [at(10, 3), at(20, 1), at(30, 2), at(40), at(50, 4)]
    expect(dropped(all, 2, 1)).toEqual([30, 10])
    expect(dropped(all, 1, 2)).toEqual([40, 10])
    expect(dropped(all, 5, 0)).toEqual([])
    expect(dropped(all, 1, 0)).toEqual([40, 30, 20, 10])
  })

  it('of equally good ones are the older, and one that nobody rated is never the best', () => {
    expect(dropped([at(10, 1), at(20, 1), at(30)], 1, 1)).toEqual([10])
    expect(dropped([at(10), at(20), at(30)], 1, 3)).toEqual([20, 10])
  })
})

it('what is kept stands in the settings of a job, and has defaults where they do not say', () => {
  expect(keptOf({ keepLast: 5, keepBest: 0 })).toEqual({ last: 5, best: 0 })
  expect(keptOf({})).toEqual(keptByDefault)
  expect(keptOf(null)).toEqual(keptByDefault)
})
