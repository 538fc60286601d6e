import { expect, it } from 'vitest'
import { curvesSvg } from '../../../engine/plots/curves-svg.ts'

const line = (...values: number[]) => values.map((value, index) => ({ step: index + 1, value }))

it('draws each curve over the same axes, in a colour of its own with its label', () => {
  const svg = curvesSvg('loss by step', [
    { label: 'EMA', points: line(4, 2, 0) },
    { label: 'no filter', points: line(4, 3, 2) },
  ])!
  const [first, second] = [...svg.matchAll(/stroke="(#\w+)"[^>]*points="([^"]+)"/g)].map(([, colour, points]) => ({
    colour,
    points: points.split(' ').map(point => point.split(',').map(Number)),
  }))
  expect(first.colour).not.toBe(second.colour)
  expect(first.points[0]).toEqual(second.points[0])
  // Half of the way down after half of the steps, and the other curve half of that.
  const [[left, top], [middle], [right, bottom]] = first.points
  expect(middle).toBeCloseTo((left + right) / 2, 1)
  expect(second.points[2][1]).toBeCloseTo((top + bottom) / 2, 1)
  expect(svg).toContain('>EMA</text>')
  expect(svg).toContain('>no filter</text>')
})

it('leaves out what is no number, and draws nothing of nothing', () => {
  expect(curvesSvg('', [{ label: 'a', points: line(Number.NaN) }])).toBeNull()
  const svg = curvesSvg('a < b', [{ label: '"a" & b', points: line(1, Number.POSITIVE_INFINITY, 2) }])!
  expect(/points="([^"]+)"/.exec(svg)![1].split(' ')).toHaveLength(2)
  expect(svg).toContain('&quot;a&quot; &amp; b')
  expect(svg).toContain('a &lt; b')
})
