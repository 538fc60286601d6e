import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Claim } from '../../../../subgraphs/training/attempts/attempt.ts'
import { completeAttempt, recordPoints } from '../../../../subgraphs/training/attempts/service.ts'
import { countOf, type PackedPoints, packPoints, pointAt } from '../../../../subgraphs/training/metrics/points.ts'
import { readMetrics } from '../../../../subgraphs/training/metrics/service.ts'
import { until } from '../../../support/condition.ts'
import { digestOf, trainingStores } from '../stores.ts'

let forge: Awaited<ReturnType<typeof trainingStores>>
beforeEach(async () => {
  forge = await trainingStores()
})
afterEach(() => forge[Symbol.asyncDispose]())

const at = '2026-03-01T12:00:00.000Z'
const point = (name: string, step: number) => ({ name, step, value: step === 5_000 ? 99 : Math.sin(step / 50), at })
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const record = (claim: Claim, from: number, to: number) =>
  recordPoints(
    forge,
    claim,
    to,
    range(from, to).flatMap(step => [
      point('loss', step),
      ...(step % 100 === 0 ? [point('validation_loss', step)] : []),
    ]),
  )
const chunksOf = (name: string) =>
  forge.db.metricChunk.findMany({ where: { name }, orderBy: { number: 'asc' }, omit: { jobId: true, name: true } })
const stepsOf = (bytes: PackedPoints) => range(0, countOf(bytes) - 1).map(index => pointAt(bytes, index).step)
const seriesOf = async (claim: Claim, enough: number) =>
  Object.fromEntries((await forge.metrics.series(claim.job.id, null, enough)).map(s => [s.name, stepsOf(s.points)]))

describe('metrics', () => {
  it('are written as small chunks, which become large ones, and are whole all the time', async () => {
    const claim = await forge.claimed({ totalSteps: 20_000 })
    for (let step = 1; step <= 10_000; step += 1_250) await record(claim, step, step + 1_249)

    const chunks = await chunksOf('loss')
    expect(chunks.slice(0, 2).map(({ firstStep, lastStep }) => [firstStep, lastStep])).toEqual([
      [1, 4095],
      [4096, 8191],
    ])
    expect(chunks.slice(2).every(({ points, extremes }) => countOf(points) <= 64 && extremes === null)).toBe(true)
    const all = { loss: range(1, 10_000), validation_loss: range(1, 100).map(step => step * 100) }
    expect(await seriesOf(claim, Number.MAX_SAFE_INTEGER / 20)).toEqual(all)
    expect(await forge.metrics.newest(claim.job.id)).toEqual([
      { name: 'loss', step: 10_000, value: Math.sin(200), at: new Date(at) },
      { name: 'validation_loss', step: 10_000, value: Math.sin(200), at: new Date(at) },
    ])

    // A job that has ended keeps nothing in small pieces, and goes on where it is tried again.
    const end = { step: 10_000, stopReason: null, parameterCount: 1, architecture: {}, files: [], metrics: [] }
    await completeAttempt(forge, claim, { ...end, files: [{ path: 'm', digest: digestOf('b'), sizeBytes: 1 }] })
    expect(await chunksOf('loss')).toHaveLength(3)
    expect(await chunksOf('validation_loss')).toHaveLength(1)
    expect(await seriesOf(claim, Number.MAX_SAFE_INTEGER / 20)).toEqual(all)
  })

  it('are read as their extremes where those are enough: fewer points, and no spike lost', async () => {
    const claim = await forge.claimed({ totalSteps: 20_000 })
    for (let step = 1; step <= 10_000; step += 1_000) await record(claim, step, step + 999)

    const { loss, validation_loss } = await seriesOf(claim, 200)
    expect(loss!.length).toBeLessThan(2_500)
    expect(loss).toContain(5_000)
    expect([loss![0], loss!.at(-1)]).toEqual([1, 10_000])
    expect(validation_loss).toHaveLength(100)
    const [thin] = await readMetrics(forge, claim.job.id, { names: ['loss'], maxPoints: 50 })
    expect(thin!.points.map(({ step }) => step)).toContain(5_000)
  })

  it('are stored once when an answer was lost and the same is written again, over any border of chunks', async () => {
    const claim = await forge.claimed({ totalSteps: 20_000 })
    await record(claim, 1, 4_000)
    await record(claim, 4_001, 4_200)
    await record(claim, 4_001, 4_200)
    await record(claim, 4_150, 4_300)
    expect((await seriesOf(claim, 1e9)).loss).toEqual(range(1, 4_300))
  })

  it('that were stored as chunks of 512 steps are carried over', async () => {
    const claim = await forge.claimed({ totalSteps: 20_000 })
    const old = (number: number, from: number, to: number) => ({
      jobId: claim.job.id,
      name: 'loss',
      // As the migration numbers what was chunk `number` of 512 steps.
      number: number * 8,
      firstStep: from,
      lastStep: to,
      points: packPoints(range(from, to).map(step => point('loss', step))),
    })
    await forge.db.metricChunk.createMany({ data: [old(0, 1, 511), old(1, 512, 1_023), old(2, 1_024, 1_100)] })
    await record(claim, 1_101, 5_000)
    expect((await seriesOf(claim, 1e9)).loss).toEqual(range(1, 5_000))
    await until('they are merged', async () => (await chunksOf('loss'))[0]!.lastStep === 4_095)
  })
})
