import { describe, expect, it } from 'vitest'
import { merged, randomTensor, tensor } from './tensors.ts'

const close = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length)
  for (const [index, value] of expected.entries()) expect(actual[index]).toBeCloseTo(value, 5)
}

describe('slerp', () => {
  it('halves a right angle: the unit vectors of two axes meet on the diagonal', () => {
    close(merged('slerp', [tensor([1, 0]), tensor([0, 1])], { shared: { t: 0.5 } }), [Math.SQRT1_2, Math.SQRT1_2])
  })
  it('turns by a third of a right angle, with the lengths of the originals', () => {
    // sin 60° of the first, sin 30° of the second.
    close(merged('slerp', [tensor([2, 0]), tensor([0, 4])], { shared: { t: 1 / 3 } }), [2 * Math.sin(Math.PI / 3), 2])
  })
  it('is linear where the two are nearly colinear, and where one has no direction', () => {
    close(merged('slerp', [tensor([1, 0]), tensor([3, 0.001])], { shared: { t: 0.25 } }), [1.5, 0.00025])
    close(merged('slerp', [tensor([0, 0]), tensor([2, 4])], { shared: { t: 0.5 } }), [1, 2])
  })
})

describe('nuslerp', () => {
  it('takes its t from the weights', () => {
    const each = [{ weight: 2 }, { weight: 1 }]
    const expected = merged('slerp', [tensor([2, 0]), tensor([0, 4])], { shared: { t: 1 / 3 } })
    close(merged('nuslerp', [tensor([2, 0]), tensor([0, 4])], { each }), expected)
  })
  it('turns every row by its own angle, or every column', () => {
    const [a, b] = [tensor([1, 0, 2, 0], [2, 2]), tensor([0, 1, 4, 0], [2, 2])]
    const each = [{ weight: 1 }, { weight: 1 }]
    // The first row turns by 45°, the second is colinear and is the mean.
    close(merged('nuslerp', [a, b], { each, shared: { nuslerp_flatten: false } }), [Math.SQRT1_2, Math.SQRT1_2, 3, 0])
    // Columns (1, 2) and (0, 4): cosine 2/√5. The second columns are (0, 0) and (1, 0): linear.
    const angle = Math.acos(2 / Math.sqrt(5))
    const factor = Math.sin(angle / 2) / Math.sin(angle)
    const shared = { nuslerp_flatten: false, nuslerp_row_wise: true }
    close(merged('nuslerp', [a, b], { each, shared }), [factor, 0.5, factor * 6, 0])
  })
  it('turns the changes where there is a base', () => {
    const each = [{ weight: 1 }, { weight: 1 }]
    const base = tensor([10, 10])
    close(merged('nuslerp', [tensor([11, 10]), tensor([10, 11])], { base, each }), [
      10 + Math.SQRT1_2,
      10 + Math.SQRT1_2,
    ])
  })
})

describe('multislerp', () => {
  it('is the midpoint of two, of the mean length', () => {
    const each = [{ weight: 1 }, { weight: 1 }]
    const side = (3 * Math.SQRT2) / 2
    close(merged('multislerp', [tensor([2, 0]), tensor([0, 4])], { each }), [side, side])
  })
  it('puts three axes on the space diagonal, from any base', () => {
    const axes = [
      [2, 1, 1],
      [1, 2, 1],
      [1, 1, 2],
    ].map(point => tensor(point))
    const each = axes.map(() => ({ weight: 5 }))
    close(merged('multislerp', axes, { base: tensor([1, 1, 1]), each }), Array(3).fill(1 + 1 / Math.sqrt(3)))
  })
  it('follows the tangent where the weights are not normalized', () => {
    // Weights 2 and 0.5: μ = (2, .5)/√4.25; τ = Σw(u − (u·μ)μ) is zero up to rounding, radius = 2·1 + 0.5·1.
    const each = [{ weight: 2 }, { weight: 0.5 }]
    const length = Math.sqrt(4.25)
    const result = merged('multislerp', [tensor([1, 0]), tensor([0, 1])], {
      each,
      shared: { normalize_weights: false },
    })
    close(result, [(2.5 * 2) / length, (2.5 * 0.5) / length])
  })
  it('mixes two opposites in a line, and refuses more that cancel out', () => {
    const each = [{ weight: 1 }, { weight: 1 }]
    close(merged('multislerp', [tensor([3, 0]), tensor([-1, 0])], { each }), [1, 0])
    const triangle = [0, 1, 2].map(third =>
      tensor([Math.cos((third * 2 * Math.PI) / 3), Math.sin((third * 2 * Math.PI) / 3)]),
    )
    const shared = { eps: 1e-6 }
    expect(() => merged('multislerp', triangle, { shared, each: triangle.map(() => ({ weight: 1 })) })).toThrow(
      /cancel out/,
    )
  })
})

describe('karcher', () => {
  it('is the midpoint of two, of the mean length', () => {
    const side = (3 * Math.SQRT2) / 2
    close(merged('karcher', [tensor([2, 0]), tensor([0, 4])]), [side, side])
  })
  it('is where the pulls of the models cancel: the mean angle on a circle', () => {
    const angles = [0.1, 0.4, 1.3]
    const mean = 0.6
    const points = angles.map(angle => tensor([Math.cos(angle), Math.sin(angle)]))
    close(merged('karcher', points), [Math.cos(mean), Math.sin(mean)])
    // The extrinsic mean is elsewhere, so that the iteration is seen.
    const [x, y] = [0, 1].map(axis => points.reduce((sum, { data }) => sum + data[axis]!, 0))
    expect(Math.atan2(y!, x!)).not.toBeCloseTo(mean, 3)
  })
  it('has no gradient at its result, in many dimensions', () => {
    const points = [1, 2, 3].map(seed => randomTensor(seed, [20]))
    const units = points.map(({ data }) => [...data].map(value => value / Math.hypot(...data)))
    const result = merged('karcher', points, { shared: { max_iter: 50, tol: 1e-7 } })
    const mean = result.map(value => value / Math.hypot(...result))
    const pull = mean.map((value, index) =>
      units.reduce((sum, unit) => {
        const cosine = unit.reduce((total, part, place) => total + part * mean[place]!, 0)
        const angle = Math.acos(cosine)
        return sum + (angle / Math.sin(angle)) * (unit[index]! - cosine * value)
      }, 0),
    )
    expect(Math.hypot(...pull)).toBeLessThan(1e-5)
  })
  it('counts a model of zeros by its length only', () => {
    close(merged('karcher', [tensor([0, 0]), tensor([2, 0])]), [1, 0])
    close(merged('karcher', [tensor([0, 0]), tensor([0, 0])]), [0, 0])
  })
})
