import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { lossCurve } from '../../../client/command/loss-curve.ts'

const falling = (count: number) => Array.from({ length: count }, (_, step) => ({ step, value: 4 - (3 * step) / count }))

it('fits the width, however many points there are', () => {
  for (const count of [2, 50, 5_000]) {
    const lines = stripVTControlCharacters(lossCurve(falling(count), [], 60)).split('\n')
    expect(Math.max(...lines.map(line => line.trimEnd().length))).toBeLessThanOrEqual(60)
    expect(lines[0]).toBe(`loss over steps 0 to ${count - 1}`)
    expect(lines.length).toBeGreaterThan(10)
  }
})

it('draws the first value at the top and the last at the bottom of what falls', () => {
  const [, ...rows] = stripVTControlCharacters(lossCurve(falling(1_000), [], 60)).split('\n')
  expect(rows[0]).toMatch(/┼|╮/)
  expect(rows.at(-1)).toMatch(/─ *$/)
})

it('names the validation loss where there is one, and draws nothing of one point', () => {
  const validation = [
    { step: 10, value: 3.5 },
    { step: 90, value: 2 },
  ]
  expect(stripVTControlCharacters(lossCurve(falling(100), validation))).toContain('loss · validation loss over')
  expect(lossCurve([{ step: 1, value: 1 }])).toBe('')
})
