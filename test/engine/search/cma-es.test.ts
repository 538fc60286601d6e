import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../engine/random.ts'
import { type Bounds, cmaEs, populationOf, startCma } from '../../../engine/search/cma-es.ts'
import { symmetricEigen } from '../../../engine/search/eigen.ts'

const free = (dimensions: number): Bounds => ({
  lower: Array(dimensions).fill(-Infinity),
  upper: Array(dimensions).fill(Infinity),
})

/** Runs until the loss is below `goal`; answers the evaluations that it took. */
function minimise(
  loss: (x: readonly number[]) => number,
  start: readonly number[],
  goal: number,
  bounds = free(start.length),
) {
  const search = cmaEs(startCma({ start, sigma: 0.5, seed: 3 }), bounds)
  let best = { loss: Infinity, point: start }
  for (let evaluations = 0; evaluations < 40_000; ) {
    const points = search.ask()
    const losses = points.map(loss)
    evaluations += points.length
    search.tell(losses)
    for (const [index, value] of losses.entries()) if (value < best.loss) best = { loss: value, point: points[index]! }
    if (best.loss < goal) return { ...best, evaluations }
  }
  return { ...best, evaluations: Infinity }
}

const sphere = (x: readonly number[]) => x.reduce((sum, value) => sum + value * value, 0)

describe('CMA-ES', () => {
  it('has the population of the tutorial', () => {
    expect([2, 10, 40].map(populationOf)).toEqual([6, 10, 15])
  })
  it('finds the middle of a sphere about as fast as Hansen says', () => {
    // Some 200·n evaluations per ten powers of ten; generous here.
    expect(minimise(sphere, Array(10).fill(1), 1e-10).evaluations).toBeLessThan(4_000)
  })
  it('follows the bent valley of Rosenbrock to its end', () => {
    const rosenbrock = (x: readonly number[]) =>
      x.slice(1).reduce((sum, value, index) => sum + 100 * (value - x[index]! ** 2) ** 2 + (1 - x[index]!) ** 2, 0)
    const { evaluations, point } = minimise(rosenbrock, Array(6).fill(0), 1e-9)
    expect(evaluations).toBeLessThan(12_000)
    for (const value of point) expect(value).toBeCloseTo(1, 3)
  })
  it('learns the axes of a rotated ellipsoid, a million times longer than wide', () => {
    const size = 6
    // Any orthogonal matrix: the eigenvectors of a symmetric one.
    const random = seededRandom(8)
    const square = Array.from({ length: size }, () => Array.from({ length: size }, () => random.normal()))
    const { vectors } = symmetricEigen(square.map((row, i) => row.map((value, j) => value + square[j]![i]!)))
    const ellipsoid = (x: readonly number[]) =>
      vectors.reduce((sum, row, axis) => {
        const turned = row.reduce((total, value, index) => total + value * x[index]!, 0)
        return sum + 10 ** ((6 * axis) / (size - 1)) * turned ** 2
      }, 0)
    expect(minimise(ellipsoid, Array(size).fill(1), 1e-8).evaluations).toBeLessThan(8_000)
  })
  it('stays within bounds, and finds an optimum that lies on them', () => {
    const bounds = { lower: [0, 0, 0], upper: [1, 1, 1] }
    const beyond = (x: readonly number[]) => {
      for (const value of x) expect(value >= 0 && value <= 1).toBe(true)
      return (x[0]! - 2) ** 2 + (x[1]! - 0.3) ** 2 + (x[2]! + 1) ** 2
    }
    const { point } = minimise(beyond, [0.5, 0.5, 0.5], 2 + 1e-8, bounds)
    expect(point[0]).toBeCloseTo(1, 4)
    expect(point[1]).toBeCloseTo(0.3, 3)
    expect(point[2]).toBeCloseTo(0, 4)
  })
  it('goes on from a saved state as if it had never stopped, and passes over what is no number', () => {
    const loss = (x: readonly number[]) => (x[0]! > 0.9 ? Number.NaN : sphere(x))
    const turns = (search: ReturnType<typeof cmaEs>, count: number) => {
      for (let turn = 0; turn < count; turn++) search.tell(search.ask().map(loss))
      return search.state()
    }
    const start = startCma({ start: [1, 1, 1, 1], sigma: 0.3, seed: 5 })
    const saved = JSON.parse(JSON.stringify(turns(cmaEs(start, free(4)), 7)))
    expect(turns(cmaEs(saved, free(4)), 9)).toEqual(turns(cmaEs(start, free(4)), 16))
  })
})

it('eigenvectors rebuild the matrix', () => {
  const matrix = [
    [4, 1, 0.5],
    [1, 3, -2],
    [0.5, -2, 1],
  ]
  const { values, vectors } = symmetricEigen(matrix)
  for (const [i, row] of matrix.entries()) {
    for (const [j, value] of row.entries()) {
      const rebuilt = values.reduce((sum, eigenvalue, k) => sum + eigenvalue * vectors[i]![k]! * vectors[j]![k]!, 0)
      expect(rebuilt).toBeCloseTo(value, 12)
    }
  }
})
