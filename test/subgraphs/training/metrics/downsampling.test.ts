import { describe, expect, it } from 'vitest'
import { downsample } from '../../../../subgraphs/training/metrics/downsampling.ts'
import { packPoints } from '../../../../subgraphs/training/metrics/points.ts'
import { readMetrics, secondsLeft } from '../../../../subgraphs/training/metrics/service.ts'
import { clock, trainingInMemory } from '../memory.ts'

const line = (length: number, value: (step: number) => number) => {
  const steps = Float64Array.from({ length }, (_, index) => index + 1)
  return { steps, values: steps.map(value) }
}
/** The steps that are kept; the first is 1. */
const kept = (curve: ReturnType<typeof line>, limit: number) => downsample(curve, limit).map(index => index + 1)

describe('downsample', () => {
  it('leaves what is short enough as it is', () => {
    expect(
      kept(
        line(5, step => step),
        5,
      ),
    ).toEqual([1, 2, 3, 4, 5])
  })

  it('keeps the ends, the order and the number asked for', () => {
    const steps = kept(
      line(10_000, step => Math.sin(step / 50)),
      100,
    )
    expect(steps).toHaveLength(100)
    expect([steps[0], steps.at(-1)]).toEqual([1, 10_000])
    expect(steps).toEqual([...new Set(steps)].sort((one, other) => one - other))
  })

  it('keeps a spike of one step, wherever it is', () => {
    for (const spike of [2, 777, 5_000, 9_999]) {
      const curve = line(10_000, step => (step === spike ? 100 : 3))
      expect(kept(curve, 50)).toContain(spike)
    }
  })

  it('chooses the largest triangle: worked out by hand for six points and four places', () => {
    // Buckets of two: {2, 3} and {4, 5}. With (1, 0) and the mean (4.5, 3) of the bucket behind, step 2 spans
    // |−3.5·2 + 1·3| / 2 = 2 and step 3 spans |−3.5·0 + 2·3| / 2 = 3. With (3, 0) and the last, (6, 0), step 4 spans
    // |−3·1| / 2 = 1.5 and step 5 spans |−3·5| / 2 = 7.5.
    const values = [0, 2, 0, 1, 5, 0]
    expect(
      kept(
        line(6, step => values[step - 1]!),
        4,
      ),
    ).toEqual([1, 3, 5, 6])
  })
})

describe('readMetrics', () => {
  it('thins each series, and refuses a limit that keeps no shape', async () => {
    const memory = trainingInMemory()
    const at = '2026-03-01T12:00:00.000Z'
    const points = Array.from({ length: 1_000 }, (_, step) => ({ name: 'loss', step, value: step, at }))
    memory.series.push({ name: 'loss', points: packPoints(points) })
    const [loss] = await readMetrics(memory.parts, 'job_1', { names: null, maxPoints: 10 })
    expect(loss).toMatchObject({ name: 'loss' })
    expect(loss!.points).toHaveLength(10)
    expect(loss!.points.at(-1)).toEqual({ step: 999, value: 999, at: new Date(at) })
    await expect(readMetrics(memory.parts, 'job_1', { maxPoints: 2 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('the time left', () => {
  it('is what the newest pace says, less what has passed since, and unknown while the job does not run', async () => {
    const memory = trainingInMemory()
    expect(await secondsLeft(memory.parts, { id: 'job_1', status: 'RUNNING' })).toBeNull()
    const at = new Date(clock.getTime() - 4_000).toISOString()
    memory.series.push({ name: 'eta_seconds', points: packPoints([{ name: 'eta_seconds', step: 9, value: 60, at }]) })
    expect(await secondsLeft(memory.parts, { id: 'job_1', status: 'RUNNING' })).toBeCloseTo(56)
    expect(await secondsLeft(memory.parts, { id: 'job_1', status: 'PAUSED' })).toBeNull()
  })
})
