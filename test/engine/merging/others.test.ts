import { describe, expect, it } from 'vitest'
import { mergeMethodNamed } from '../../../engine/merging/methods.ts'
import { merged, randomTensor, tensor } from './tensors.ts'

describe('sce', () => {
  const base = tensor([0, 0, 0, 0])
  const [a, b] = [tensor([3, 1, -1, 0]), tensor([1, -2, -1, 0])]
  it('weighs by energy and leaves out who disagrees', () => {
    // Energies 11 and 6: weights 11/17 and 6/17. 3·11 + 1·6 over 17; −2 alone; −1 both; nobody.
    expect(merged('sce', [a, b], { base })).toEqual([39 / 17, -2, -1, 0].map(Math.fround))
  })
  it('keeps only where the models vary most', () => {
    // Variances 1, 2.25, 0, 0: half of the two that vary is one place. Energies there 1 and 4.
    expect(merged('sce', [a, b], { base, shared: { select_topk: 0.5 } })).toEqual([0, -2, 0, 0])
  })
})

describe('model_stock', () => {
  it('goes as far from the base as the angle of the changes allows', () => {
    const base = tensor([1, 1])
    // A right angle: t = 0, the base. 60°: t = 2·½ / 1½ = 2/3.
    expect(merged('model_stock', [tensor([2, 1]), tensor([1, 3])], { base })).toEqual([1, 1])
    const result = merged('model_stock', [tensor([2, 1]), tensor([1.5, 1 + Math.sqrt(3) / 2])], { base })
    expect(result[0]).toBeCloseTo(1 + (2 / 3) * 0.75, 6)
    expect(result[1]).toBeCloseTo(1 + ((2 / 3) * Math.sqrt(3)) / 4, 6)
  })
  it('takes the mean cosine of the pairs of three', () => {
    const base = tensor([0, 0, 0])
    const models = [tensor([1, 0, 0]), tensor([1, 1, 0]), tensor([0, 1, 0])]
    const cosine = (Math.SQRT1_2 + 0 + Math.SQRT1_2) / 3
    const t = (3 * cosine) / (1 + 2 * cosine)
    expect(merged('model_stock', models, { base })[0]).toBeCloseTo((t * 2) / 3, 6)
  })
  it('has an angle for each row when asked', () => {
    const base = tensor([0, 0, 0, 0], [2, 2])
    const models = [tensor([1, 0, 2, 0], [2, 2]), tensor([0, 1, 4, 0], [2, 2])]
    expect(merged('model_stock', models, { base, shared: { filter_wise: true } })).toEqual([0, 0, 3, 0])
  })
})

describe('nearswap', () => {
  it('takes what is near whole, and of what is far the less the farther', () => {
    const result = merged('nearswap', [tensor([1, 1, 1, 1]), tensor([1.25, 0.5, 3, 1])], { shared: { t: 0.5 } })
    expect(result).toEqual([1.25, 0.5, 1.5, 1])
  })
})

describe('arcee_fusion', () => {
  it('takes the numbers whose importance stands out, worked out a second time', () => {
    const [a, b] = [randomTensor(1, [6, 5]), randomTensor(2, [6, 5])]
    const softmax = (row: readonly number[]) => {
      const powers = row.map(Math.exp)
      return powers.map(power => power / powers.reduce((sum, value) => sum + value, 0))
    }
    const rows = (data: Float32Array) => Array.from({ length: 6 }, (_, row) => [...data.slice(row * 5, row * 5 + 5)])
    const importance = rows(b.data).flatMap((row, index) => {
      const other = rows(a.data)[index]!
      const [p, q] = [softmax(row), softmax(other)]
      const divergence = p.reduce((sum, value, place) => sum + value * Math.log(value / q[place]!), 0)
      return row.map((value, place) => Math.abs(value - other[place]!) * divergence)
    })
    const sorted = importance.toSorted((x, y) => x - y)
    const threshold = sorted[14]! + 1.5 * (sorted[21]! - sorted[7]!)
    const expected = [...a.data].map((value, index) => (importance[index]! >= threshold ? b.data[index]! : value))
    expect(merged('arcee_fusion', [a, b])).toEqual(expected)
    const taken = expected.filter((value, index) => value === b.data[index]).length
    expect(taken).toBeGreaterThan(0)
    expect(taken).toBeLessThan(15)
  })
})

describe('passthrough', () => {
  it('is the tensor itself, or times a scale', () => {
    expect(merged('passthrough', [tensor([1, -2])])).toEqual([1, -2])
    expect(merged('passthrough', [tensor([1, -2])], { each: [{ scale: 0.5 }] })).toEqual([0.5, -1])
  })
})

describe('merging equal models', () => {
  const model = randomTensor(5, [8, 6])
  const base = randomTensor(6, [8, 6])
  const twice = [model, model]
  const exact: Record<string, Parameters<typeof merged>[2]> = {
    linear: { each: [{ weight: 0.3 }, { weight: 1.7 }] },
    slerp: { shared: { t: 0.3 } },
    nuslerp: { each: [{ weight: 1 }, { weight: 2 }] },
    multislerp: { each: [{ weight: 1 }, { weight: 2 }] },
    karcher: {},
    task_arithmetic: { base, each: [{ weight: 0.25 }, { weight: 0.75 }] },
    ties: { base, each: [{ weight: 1 }, { weight: 2 }] },
    dare_linear: { base, each: [{ weight: 0.5 }, { weight: 0.5 }] },
    dare_ties: { base, each: [{ weight: 0.5 }, { weight: 0.5 }] },
    della: { base, each: [{ weight: 1 }, { weight: 2 }] },
    della_linear: { base, each: [{ weight: 0.5 }, { weight: 0.5 }] },
    breadcrumbs: { base, each: [{ weight: 0.5 }, { weight: 0.5 }] },
    breadcrumbs_ties: { base, each: [{ weight: 0.5 }, { weight: 0.5 }] },
    sce: { base },
    model_stock: { base },
    nearswap: { shared: { t: 0.1 } },
    arcee_fusion: {},
  }
  it.each(Object.entries(exact))('%s gives the same model', (name, given) => {
    const result = merged(name, twice, given)
    for (const [index, value] of model.data.entries()) expect(result[index]).toBeCloseTo(value, 6)
  })
  it.each(Object.keys(exact).filter(name => mergeMethodNamed(name).base === 'task'))(
    '%s gives the base when nothing differs from it, whatever the density',
    name => {
      const each = [0, 1].map(() => ({ weight: 0.8, density: 0.4 }))
      expect(merged(name, twice, { base: model, each })).toEqual([...model.data])
    },
  )
  it('sce that selects finds nothing that varies between equal models, and gives the base', () => {
    expect(merged('sce', twice, { base, shared: { select_topk: 0.5 } })).toEqual([...base.data])
  })
})

describe('what cannot be merged', () => {
  it('is refused by name, number, base or shape', () => {
    const one = tensor([1, 2])
    expect(() => mergeMethodNamed('soup')).toThrow(/no merge method "soup": take one of linear, slerp/)
    expect(() => merged('slerp', [one, one, one], { shared: { t: 0.5 } })).toThrow(/exactly 2 models and was given 3/)
    expect(() => merged('ties', [one])).toThrow(/ties needs a base model/)
    expect(() => merged('linear', [one, tensor([1, 2, 3])])).toThrow(/\[2\] and \[3\] differ/)
    expect(() => merged('ties', [one], { base: tensor([1]) })).toThrow(/\[1\] and \[2\] differ/)
  })
})
