import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunksOf, packPoints, unpackPoints } from '../../../../subgraphs/training/metrics/series.ts'

const at = '2026-03-01T12:00:00.000Z'

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
        const back = unpackPoints(packPoints(points)).map(p => ({ name: 'loss', ...p, at: p.at.toISOString() }))
        expect(back).toEqual(points)
      }),
    )
  })

  it('are cut into chunks of 512 steps a metric', () => {
    const point = (name: string, step: number) => ({ name, step, value: step, at })
    const chunks = chunksOf([point('loss', 511), point('norm', 511), point('loss', 512), point('loss', 1023)])
    expect(chunks).toMatchObject([
      { name: 'loss', number: 0, firstStep: 511, lastStep: 511 },
      { name: 'norm', number: 0, firstStep: 511, lastStep: 511 },
      { name: 'loss', number: 1, firstStep: 512, lastStep: 1023 },
    ])
    expect(chunks[2]!.points).toHaveLength(40)
  })
})
