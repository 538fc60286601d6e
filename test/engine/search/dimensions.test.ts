import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../engine/random.ts'
import { checkDimension, type Dimension, drawPoint, gridOf, gridSize } from '../../../engine/search/dimensions.ts'

const rate: Dimension = { name: 'rate', kind: 'logUniform', from: 1e-4, to: 1e-2 }
const decay: Dimension = { name: 'decay', kind: 'uniform', from: -1, to: 3 }
const batch: Dimension = { name: 'batch', kind: 'integer', from: 4, to: 7 }
const filter: Dimension = { name: 'filter', kind: 'choice', values: ['NONE', 'EMA', 2] }

describe('a drawn point', () => {
  const random = seededRandom(1)
  const points = Array.from({ length: 4_000 }, () => drawPoint([rate, decay, batch, filter], random))
  const values = (name: string) => points.map(point => point[name] as number)
  const share = (name: string, holds: (value: number) => boolean) => values(name).filter(holds).length / points.length

  it('is the same for the same seed', () => {
    const draw = (seed: number) => drawPoint([rate, decay, batch, filter], seededRandom(seed))
    expect(draw(5)).toEqual(draw(5))
    expect(draw(5)).not.toEqual(draw(6))
  })

  it('lies evenly within its bounds, on its own scale', () => {
    expect(Math.min(...values('rate'))).toBeGreaterThanOrEqual(1e-4)
    expect(Math.max(...values('rate'))).toBeLessThan(1e-2)
    // Half of the decades; uniformly it would be a tenth. Four standard deviations of a share are 0.032.
    expect(Math.abs(share('rate', value => value < 1e-3) - 0.5)).toBeLessThan(0.032)
    expect(Math.abs(share('decay', value => value < 0) - 0.25)).toBeLessThan(0.032)
    expect(Math.min(...values('decay'))).toBeGreaterThanOrEqual(-1)
    for (const whole of [4, 5, 6, 7])
      expect(Math.abs(share('batch', value => value === whole) - 0.25)).toBeLessThan(0.032)
    for (const choice of ['NONE', 'EMA', 2]) {
      expect(Math.abs(share('filter', value => (value as unknown) === choice) - 1 / 3)).toBeLessThan(0.032)
    }
  })
})

describe('a grid', () => {
  it('has both ends and what lies evenly between, and every combination once', () => {
    const grid = gridOf([rate, filter])
    expect(grid.slice(0, 4)).toEqual([
      { rate: 1e-4, filter: 'NONE' },
      { rate: 1e-4, filter: 'EMA' },
      { rate: 1e-4, filter: 2 },
      { rate: expect.closeTo(1e-3, 12), filter: 'NONE' },
    ])
    expect(grid).toHaveLength(9)
    expect(grid.at(-1)).toEqual({ rate: 1e-2, filter: 2 })
    expect(gridOf([{ ...decay, points: 5 }]).map(({ decay }) => decay)).toEqual([-1, 0, 1, 2, 3])
    expect(gridOf([batch]).map(({ batch }) => batch)).toEqual([4, 5, 6, 7])
    expect(gridOf([{ ...batch, points: 2 }]).map(({ batch }) => batch)).toEqual([4, 7])
  })

  it('says how large it would be without being made', () => {
    const wide: Dimension = { name: 'wide', kind: 'integer', from: 1, to: 1e9 }
    expect(gridSize([wide, filter, rate])).toBe(9e9)
    expect(gridSize([{ ...batch, points: 100 }])).toBe(4)
  })
})

it.each<[string, Dimension]>([
  ['x goes from 2 to 1', { name: 'x', kind: 'uniform', from: 2, to: 1 }],
  ['x goes from 1 to 1', { name: 'x', kind: 'integer', from: 1, to: 1 }],
  ['x goes from 0 on a logarithmic scale', { name: 'x', kind: 'logUniform', from: 0, to: 1 }],
  ['x goes from 0.5 to 3', { name: 'x', kind: 'integer', from: 0.5, to: 3 }],
  ['x goes from 0 to Infinity', { name: 'x', kind: 'uniform', from: 0, to: Number.POSITIVE_INFINITY }],
  ['x has no values', { name: 'x', kind: 'choice', values: [] }],
  ['x has the value 3 twice', { name: 'x', kind: 'choice', values: [3, 4, 3] }],
  ['x has 1 points', { name: 'x', kind: 'uniform', from: 0, to: 1, points: 1 }],
])('refuses a dimension with a remedy: %s', (message, dimension) => {
  expect(() => checkDimension(dimension)).toThrow(message)
})
