import { describe, expect, it } from 'vitest'
import { chunksOf, mergeableBelow } from '../../../../subgraphs/training/metrics/chunk.ts'

const at = '2026-03-01T12:00:00.000Z'
const point = (name: string, step: number) => ({ name, step, value: step, at })

describe('chunks', () => {
  it('are of 64 steps a metric', () => {
    const chunks = chunksOf([point('loss', 63), point('norm', 63), point('loss', 64), point('loss', 127)])
    expect(chunks).toMatchObject([
      { name: 'loss', number: 0, firstStep: 63, lastStep: 63 },
      { name: 'norm', number: 0, firstStep: 63, lastStep: 63 },
      { name: 'loss', number: 1, firstStep: 64, lastStep: 127 },
    ])
    expect(chunks[2]!.points).toHaveLength(40)
  })

  it('can be merged when 4,096 steps are over', () => {
    expect(mergeableBelow(4_000, 4_095)).toBeNull()
    expect(mergeableBelow(4_095, 4_096)).toBe(64)
    expect(mergeableBelow(100, 10_000)).toBe(128)
  })
})
