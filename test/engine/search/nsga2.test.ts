import { describe, expect, it } from 'vitest'
import { nsga2, startNsga } from '../../../engine/search/nsga2.ts'
import { crowding, dominates, fronts } from '../../../engine/search/pareto.ts'

describe('Pareto fronts', () => {
  const points = [
    [1, 5],
    [2, 3],
    [4, 1],
    [2, 5],
    [4, 3],
    [5, 5],
    [2, 3],
  ]
  it('are peeled off one after the other; equals do not dominate each other', () => {
    expect(fronts(points).map(front => front.toSorted())).toEqual([[0, 1, 2, 6], [3, 4], [5]])
    expect(dominates([1, 1], [1, 1])).toBe(false)
    expect(dominates([1, 1], [1, 2])).toBe(true)
    expect(dominates([0, 3], [1, 2])).toBe(false)
    expect(fronts([])).toEqual([])
  })
  it('measure crowding by the neighbours', () => {
    // Ranges 4 and 8: the second has (3 − 0)/4 + (8 − 2)/8, the third (4 − 1)/4 + (4 − 0)/8.
    expect(
      crowding([
        [0, 8],
        [1, 4],
        [3, 2],
        [4, 0],
      ]),
    ).toEqual([Infinity, 1.5, 1.25, Infinity])
    expect(crowding([[1, 1]])).toEqual([Infinity])
  })
})

/** ZDT1 (Zitzler, Deb, Thiele 2000): its front is f₂ = 1 − √f₁ with all but the first variable zero. */
const zdt1 = (x: readonly number[]) => {
  const g = 1 + (9 * x.slice(1).reduce((sum, value) => sum + value, 0)) / (x.length - 1)
  return [x[0]!, g * (1 - Math.sqrt(x[0]! / g))]
}
const bounds = { lower: Array(10).fill(0), upper: Array(10).fill(1) }

describe('NSGA-II', () => {
  it('reaches the front of ZDT1 and spreads over it', () => {
    const search = nsga2(startNsga(60, 1), bounds)
    for (let generation = 0; generation < 150; generation++) search.tell(search.ask().map(zdt1))
    const front = search.front().map(({ objectives }) => objectives)
    expect(front.length).toBeGreaterThan(50)
    const distance = front.reduce((sum, [x, y]) => sum + Math.abs(y! - (1 - Math.sqrt(x!))), 0) / front.length
    expect(distance).toBeLessThan(0.01)
    // Area under the front to (1, 1): 2/3 at best.
    const sorted = front.toSorted((a, b) => a[0]! - b[0]!)
    const area = sorted.reduce((sum, [x, y], index) => sum + ((sorted[index + 1]?.[0] ?? 1) - x!) * (1 - y!), 0)
    expect(area).toBeGreaterThan(0.645)
  })
  it('never loses the best of an objective', () => {
    const search = nsga2(startNsga(12, 2), bounds)
    let best = [Infinity, Infinity]
    for (let generation = 0; generation < 30; generation++) {
      search.tell(search.ask().map(zdt1))
      const now = [0, 1].map(axis => Math.min(...search.front().map(({ objectives }) => objectives[axis]!)))
      for (const axis of [0, 1]) expect(now[axis]).toBeLessThanOrEqual(best[axis]!)
      best = now
    }
  })
  it('starts from given points, and goes on from a saved state as if it had never stopped', () => {
    const starts = [Array(10).fill(0.5)]
    const search = nsga2(startNsga(8, 3), bounds, starts)
    expect(search.ask()[0]).toEqual(starts[0])
    const turns = (from: ReturnType<typeof startNsga>, count: number) => {
      const turned = nsga2(from, bounds, starts)
      for (let turn = 0; turn < count; turn++) turned.tell(turned.ask().map(zdt1))
      return turned.state()
    }
    const saved = JSON.parse(JSON.stringify(turns(startNsga(8, 3), 4)))
    expect(turns(saved, 5)).toEqual(turns(startNsga(8, 3), 9))
  })
})
