import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../engine/random.ts'
import { merged, randomTensor, tensor } from './tensors.ts'

const base = tensor([10, 20, 30, 40])
const a = tensor([14, 19, 30, 42])
const b = tensor([8, 18, 33, 42])
// δ: (4, −1, 0, 2) and (−2, −2, 3, 2).

describe('linear', () => {
  it('is the weighted mean, or the weighted sum', () => {
    const each = [{ weight: 3 }, { weight: 1 }]
    expect(merged('linear', [a, b], { each })).toEqual([12.5, 18.75, 30.75, 42])
    expect(merged('linear', [a, b], { each, shared: { normalize: false } })).toEqual([50, 75, 123, 168])
  })
})

describe('task_arithmetic', () => {
  it('adds the weighted changes, scaled', () => {
    const each = [{ weight: 1 }, { weight: 0.5 }]
    expect(merged('task_arithmetic', [a, b], { base, each })).toEqual([13, 18, 31.5, 43])
    expect(merged('task_arithmetic', [a, b], { base, each, shared: { lambda: 2 } })).toEqual([16, 16, 33, 46])
    const normalized = merged('task_arithmetic', [a, b], { base, each, shared: { normalize: true } })
    expect(normalized).toEqual([12, 20 - 4 / 3, 31, 42].map(Math.fround))
  })
})

describe('ties', () => {
  it('elects signs and means over those that agree', () => {
    const each = [{ weight: 1 }, { weight: 1 }]
    // 4 − 2 > 0: only 4. −1 and −2 agree. 0 has no sign: only 3. 2 and 2 agree.
    expect(merged('ties', [a, b], { base, each })).toEqual([14, 18.5, 33, 42])
  })
  it('weighs the votes, counts a tie as positive, and trims first', () => {
    // 1·4 − 2·2 = 0 is positive: 4 alone. The rest: (−1 − 4)/3, 6/2, (2 + 4)/3.
    const each = [{ weight: 1 }, { weight: 2 }]
    expect(merged('ties', [a, b], { base, each })).toEqual([14, 20 - 5 / 3, 33, 42].map(Math.fround))
    // Of each half the numbers stay: (4, 0, 0, 2), and of magnitudes 2, 2, 3, 2 the last two.
    const half = [
      { weight: 1, density: 0.5 },
      { weight: 1, density: 0.5 },
    ]
    expect(merged('ties', [a, b], { base, each: half })).toEqual([14, 20, 33, 42])
  })
  it('keeps exactly the largest by magnitude', () => {
    const zero = tensor(Array(200).fill(0))
    const model = randomTensor(7, [200])
    const result = merged('ties', [model], { base: zero, each: [{ weight: 1, density: 0.3 }] })
    const cut = [...model.data].map(Math.abs).sort((x, y) => y - x)[59]!
    expect(result).toEqual([...model.data].map(value => (Math.abs(value) >= cut ? value : 0)))
  })
})

describe('breadcrumbs', () => {
  const zero = tensor(Array(10).fill(0))
  const ramp = tensor([1, -2, 3, -4, 5, -6, 7, -8, 9, -10])
  it('drops the largest and the smallest changes', () => {
    const each = [{ weight: 1, density: 0.5, gamma: 0.2 }]
    expect(merged('breadcrumbs', [ramp], { base: zero, each })).toEqual([0, 0, 0, -4, 5, -6, 7, -8, 0, 0])
  })
  it('drops fewer of the largest where the density needs them', () => {
    const each = [{ weight: 1, density: 0.9, gamma: 0.2 }]
    expect(merged('breadcrumbs', [ramp], { base: zero, each })).toEqual([1, -2, 3, -4, 5, -6, 7, -8, 9, 0])
  })
  it('keeps the largest where nothing is to be dropped there', () => {
    const each = [{ weight: 1, density: 0.2, gamma: 0 }]
    expect(merged('breadcrumbs', [ramp], { base: zero, each })).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 9, -10])
  })
  it('elects signs in its TIES form', () => {
    const flipped = tensor([...ramp.data].map(value => -2 * value))
    const each = [0, 1].map(() => ({ weight: 1, density: 0.5, gamma: 0.2 }))
    const result = merged('breadcrumbs_ties', [ramp, flipped], { base: zero, each })
    expect(result).toEqual([0, 0, 0, 8, -10, 12, -14, 16, 0, 0])
  })
})

describe('masks that are drawn', () => {
  const size = 20_000
  const ones = tensor(Array(size).fill(1), [100, 200])
  const zeros = tensor(Array(size).fill(0), [100, 200])
  const each = [{ weight: 1, density: 0.3 }]
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

  it('dare keeps a share of the density and divides by it, so that the mean stays', () => {
    const result = merged('dare_linear', [ones], { base: zeros, each })
    expect(new Set(result)).toEqual(new Set([0, Math.fround(1 / 0.3)]))
    // Within 5 standard deviations, √(p(1 − p)/n) of the share.
    expect(mean(result.map(Math.sign))).toBeCloseTo(0.3, 1)
    expect(Math.abs(mean(result) - 1)).toBeLessThan((5 * Math.sqrt((0.3 * 0.7) / size)) / 0.3)
    const plain = merged('dare_linear', [ones], { base: zeros, each, shared: { rescale: false } })
    expect(new Set(plain)).toEqual(new Set([0, 1]))
  })
  it('draws the same mask of the same seed, and another of another', () => {
    const draw = (seed: number) => merged('dare_ties', [ones], { base: zeros, each, seed })
    expect(draw(3)).toEqual(draw(3))
    expect(draw(3)).not.toEqual(draw(4))
  })
  it('dare_ties is ties over the masked changes', () => {
    const [one, two] = [randomTensor(1, [50]), randomTensor(2, [50])]
    const random = seededRandom(9)
    const masked = [one, two].map(({ data }) => [...data].map(value => (random.next() < 0.6 ? value / 0.6 : 0)))
    const expected = masked[0]!.map((_, index) => {
      const [x, y] = [masked[0]![index]!, 0.5 * masked[1]![index]!]
      const sign = x + y >= 0 ? 1 : -1
      return Math.fround([x, y].filter(value => Math.sign(value) === sign).reduce((sum, value) => sum + value, 0))
    })
    const weights = [
      { weight: 1, density: 0.6 },
      { weight: 0.5, density: 0.6 },
    ]
    expect(merged('dare_ties', [one, two], { base: tensor(Array(50).fill(0)), each: weights, seed: 9 })).toEqual(
      expected,
    )
  })
  it('della keeps large changes more often: by density ± ε along each row', () => {
    const ramp = tensor(
      Array.from({ length: size }, (_, index) => (index % 200) + 1),
      [100, 200],
    )
    const result = merged('della_linear', [ramp], { base: zeros, each: [{ weight: 1, density: 0.5, epsilon: 0.4 }] })
    const kept = (from: number, to: number) =>
      mean(result.filter((_, index) => index % 200 >= from && index % 200 < to).map(Math.sign))
    // The chance runs from 0.1 to 0.9: 0.18 on the average of the lowest fifth, 0.82 of the highest.
    expect(Math.abs(kept(0, 40) - 0.18)).toBeLessThan(0.04)
    expect(Math.abs(kept(160, 200) - 0.82)).toBeLessThan(0.04)
    // What is kept is divided by its own chance: 200 stays with 0.9.
    expect(new Set(result.filter((_, index) => index % 200 === 199))).toEqual(new Set([0, Math.fround(200 / 0.9)]))
    expect(Math.abs(mean(result) - 100.5)).toBeLessThan(4)
  })
  it('refuses chances outside of 0 to 1', () => {
    expect(() => merged('della', [ones], { base: zeros, each: [{ weight: 1, density: 0.1 }] })).toThrow(
      /density 0.1 ± epsilon 0.15/,
    )
  })
  it('della means over the models that agree', () => {
    const twice = tensor(
      [...ones.data].map(() => 3),
      [100, 200],
    )
    const result = merged('della', [ones, twice], { base: zeros, each: [0, 1].map(() => ({ weight: 1, density: 1 })) })
    expect(new Set(result)).toEqual(new Set([2]))
  })
})
