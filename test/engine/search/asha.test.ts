import { describe, expect, it } from 'vitest'
import { type Contender, nextPromotion, rungsOf } from '../../../engine/search/asha.ts'

describe('the rungs of ASHA', () => {
  it.each([
    // Li et al. 2020, figure 1 (right): r = 1, R = 9, η = 3 has rungs of 1, 3 and 9.
    [1, 9, 3, [1, 3, 9]],
    // Its experiments: η = 4, R = 256·r has rungs of r, 4r, 16r, 64r and 256r.
    [1, 256, 4, [1, 4, 16, 64, 256]],
    // ⌊log₃(100/10)⌋ = 2: 10, 30 and 90, whose place all 100 steps take.
    [10, 100, 3, [10, 30, 100]],
    // A power of η whose logarithm comes out as 4.999999 in floating point.
    [1, 243, 3, [1, 3, 9, 27, 81, 243]],
    [50, 50, 2, [50]],
    [30, 50, 2, [50]],
  ])('from %i to %i by %i', (minimum, maximum, eta, rungs) => {
    expect(rungsOf(minimum, maximum, eta)).toEqual(rungs)
  })

  it.each([
    [1, 9, 1, 'eta is 1'],
    [1, 9, 2.5, 'eta is 2.5'],
    [0, 9, 3, 'minSteps is 0'],
    [10, 9, 3, 'minSteps is 10: take a whole number from 1 to the 9 steps'],
    [1.5, 9, 3, 'minSteps is 1.5'],
  ])('cannot be from %d to %d by %d', (minimum, maximum, eta, message) => {
    expect(() => rungsOf(minimum, maximum, eta)).toThrow(message)
  })
})

describe('the promotion of ASHA', () => {
  const rung = (...losses: number[]) => losses.map((loss, index) => ({ loss, waits: true, index }))
  const gone = <T extends Contender>(contenders: T[], ...indices: number[]): T[] =>
    contenders.map((contender, index) => (indices.includes(index) ? { ...contender, waits: false } : contender))

  it('grows the first rung until one of η can go on', () => {
    expect(nextPromotion([[], [], []], 3)).toBeNull()
    expect(nextPromotion([rung(3, 1), [], []], 3)).toBeNull()
    expect(nextPromotion([rung(3, 1, 2), [], []], 3)).toMatchObject({ index: 1 })
  })

  it('promotes no more than ⌊n/η⌋ of n, and the best of those that have not gone', () => {
    // Five of η = 2: the two best are 1 and 2.
    const five = rung(5, 1, 4, 2, 3)
    expect(nextPromotion([five, []], 2)).toMatchObject({ index: 1 })
    expect(nextPromotion([gone(five, 1), []], 2)).toMatchObject({ index: 3 })
    expect(nextPromotion([gone(five, 1, 3), []], 2)).toBeNull()
  })

  it('looks from the top down, so that what is nearest its end goes first', () => {
    const bottom = gone(rung(1, 2, 3, 4, 5, 6, 7, 8, 9), 0, 1)
    const middle = rung(2, 1, 3)
    expect(nextPromotion([bottom, middle, []], 3)).toBe(middle[1])
    expect(nextPromotion([bottom, gone(middle, 1), []], 3)).toBe(bottom[2])
  })

  it('promotes by a loss that came late, though earlier ones have gone on already', () => {
    // After six, two may go: the first promotion of 4 stands, and the newcomer 1 is among the best two.
    expect(nextPromotion([gone(rung(4, 5, 6, 7, 8, 1), 0), []], 3)).toMatchObject({ index: 5 })
    // Here 4 is no longer among the best two, and both of these may still go.
    expect(nextPromotion([gone(rung(4, 5, 6, 7, 2, 1), 0, 5), []], 3)).toMatchObject({ index: 4 })
  })

  it('counts those that failed, and promotes none of them', () => {
    const failed = Number.POSITIVE_INFINITY
    expect(nextPromotion([rung(failed, failed, 7), []], 3)).toMatchObject({ index: 2 })
    expect(nextPromotion([rung(failed, failed, failed), []], 3)).toBeNull()
    // Two of six may go and one can.
    expect(nextPromotion([gone(rung(failed, failed, failed, 1, failed, failed), 3), []], 3)).toBeNull()
  })

  it('lets nobody leave the last rung', () => {
    expect(nextPromotion([[], rung(1, 2, 3)], 3)).toBeNull()
  })

  it('repeats the synchronous halving of the paper where one trains at a time', () => {
    // Losses by configuration; each goes down by the rung, without changing places.
    const losses = [9, 3, 7, 1, 8, 2, 6, 4, 5]
    const rungs: (Contender & { configuration: number })[][] = [[], [], []]
    let begun = 0
    const order: [number, number][] = []
    for (;;) {
      const next = nextPromotion(rungs, 3)
      if (!next && begun === losses.length) break
      const configuration = next?.configuration ?? begun++
      const from = rungs.findIndex(rung => rung.includes(next as never))
      if (next) Object.assign(next, { waits: false })
      rungs[from + 1]!.push({ loss: losses[configuration]!, waits: true, configuration })
      order.push([configuration, from + 1])
    }
    // By hand: after three the best of them (3) goes on; after six the two best are 1 and 2, and after nine 1, 2 and 3,
    // which have all gone: so three are at rung 1, of which the loss 1 comes to the top.
    expect(order).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [1, 1],
      [3, 0],
      [3, 1],
      [4, 0],
      [5, 0],
      [5, 1],
      [3, 2],
      [6, 0],
      [7, 0],
      [8, 0],
    ])
  })
})
