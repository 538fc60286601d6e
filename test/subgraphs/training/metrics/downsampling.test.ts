import { describe, expect, it } from 'vitest'
import { downsample } from '../../../../subgraphs/training/metrics/downsampling.ts'
import type { Point } from '../../../../subgraphs/training/metrics/series.ts'
import { readMetrics } from '../../../../subgraphs/training/metrics/service.ts'
import { trainingInMemory } from '../memory.ts'

const at = new Date(0)
const line = (length: number, value: (step: number) => number): Point[] =>
  Array.from({ length }, (_, index) => ({ step: index + 1, value: value(index + 1), at }))

describe('downsample', () => {
  it('leaves what is short enough as it is', () => {
    const points = line(5, step => step)
    expect(downsample(points, 5)).toBe(points)
  })

  it('keeps the ends, the order and the number asked for', () => {
    const kept = downsample(
      line(10_000, step => Math.sin(step / 50)),
      100,
    ).map(({ step }) => step)
    expect(kept).toHaveLength(100)
    expect([kept[0], kept.at(-1)]).toEqual([1, 10_000])
    expect(kept).toEqual([...new Set(kept)].sort((one, other) => one - other))
  })

  it('keeps a spike of one step, wherever it is', () => {
    for (const spike of [2, 777, 5_000, 9_999]) {
      const points = line(10_000, step => (step === spike ? 100 : 3))
      expect(downsample(points, 50).map(({ step }) => step)).toContain(spike)
    }
  })

  it('chooses the largest triangle: worked out by hand for six points and four places', () => {
    // Buckets of two: {2, 3} and {4, 5}. With (1, 0) and the mean (4.5, 3) of the bucket behind, step 2 spans
    // |−3.5·2 + 1·3| / 2 = 2 and step 3 spans |−3.5·0 + 2·3| / 2 = 3. With (3, 0) and the last, (6, 0), step 4 spans
    // |−3·1| / 2 = 1.5 and step 5 spans |−3·5| / 2 = 7.5.
    const values = [0, 2, 0, 1, 5, 0]
    expect(
      downsample(
        line(6, step => values[step - 1]!),
        4,
      ).map(({ step }) => step),
    ).toEqual([1, 3, 5, 6])
  })
})

describe('readMetrics', () => {
  it('thins each series, and refuses a limit that keeps no shape', async () => {
    const memory = trainingInMemory()
    memory.series.push({ name: 'loss', points: line(1_000, step => step) })
    const [loss] = await readMetrics(memory.parts, 'job_1', { names: null, maxPoints: 10 })
    expect(loss).toMatchObject({ name: 'loss' })
    expect(loss!.points).toHaveLength(10)
    await expect(readMetrics(memory.parts, 'job_1', { maxPoints: 2 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
