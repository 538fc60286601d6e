import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extremesOf } from '../../../../subgraphs/training/metrics/extremes.ts'
import { countOf, packPoints, pointAt } from '../../../../subgraphs/training/metrics/points.ts'

const at = '2026-03-01T12:00:00.000Z'
const line = (length: number, value: (step: number) => number) =>
  packPoints(Array.from({ length }, (_, step) => ({ name: 'loss', step, value: value(step), at })))
const stepsOf = (bytes: Uint8Array) => Array.from({ length: countOf(bytes) }, (_, index) => pointAt(bytes, index).step)

describe('packed points', () => {
  it('come back as they were', () => {
    const point = fc.record({
      name: fc.constant('loss'),
      step: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map(date => date.toISOString()),
    })
    fc.assert(
      fc.property(fc.array(point), points => {
        const bytes = packPoints(points)
        const back = points.map((_, index) => pointAt(bytes, index))
        expect(back.map(p => ({ name: 'loss', ...p, at: p.at.toISOString() }))).toEqual(points)
      }),
    )
  })
})

describe('extremes', () => {
  it('are the ends, and the lowest and the highest of each 64 points, by step', () => {
    // Rises within each 64, so that of a stretch the first is the lowest and the last the highest.
    expect(stepsOf(extremesOf(line(130, step => step % 64)))).toEqual([0, 63, 64, 127, 128, 129])
    const spikes = new Set([70, 100])
    const kept = stepsOf(extremesOf(line(128, step => (step === 70 ? -9 : step === 100 ? 9 : 1))))
    expect(kept.filter(step => spikes.has(step))).toEqual([70, 100])
  })

  it('hold the highest point of any series', () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 500 })
    fc.assert(
      fc.property(values, all => {
        const extremes = extremesOf(line(all.length, step => all[step]!))
        const kept = stepsOf(extremes)
        expect(Math.max(...kept.map(step => all[step]!))).toBe(Math.max(...all))
        expect(Math.min(...kept.map(step => all[step]!))).toBe(Math.min(...all))
        expect(kept).toEqual(kept.toSorted((one, other) => one - other))
        expect([kept[0], kept.at(-1)]).toEqual([0, all.length - 1])
      }),
    )
  })
})
