import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cancelled,
  newRun,
  type Run,
  type StepReport,
  withReport,
} from '../../../../subgraphs/orchestration/runs/run.ts'

const now = new Date('2026-01-01T00:00:00.000Z')
const at = (second: number) => new Date(now.getTime() + second * 1_000).toISOString()

const runOf = (...names: string[]): Run =>
  newRun(
    { name: 'test', description: '', steps: names.map(name => ({ name, phase: 'COGNATE' as const })) },
    {
      id: 'run_1',
      project: 'default',
      principal: 'key_1',
      idempotencyKey: null,
      request: { pipeline: 'test', modelName: 'm', dataset: null, preset: 'NANO', seed: 1, config: {} },
    },
    now,
  )
const reportedTo = (run: Run, reports: readonly StepReport[], step = 'a') =>
  reports.reduce((state, report) => withReport(state, step, report, now), run)
const statuses = (run: Run) => run.steps.map(step => step.status)

/** The reports of one job in the order in which they happen, up to one of its ends or none. */
const history = fc
  .record({
    pauses: fc.integer({ min: 0, max: 3 }),
    end: fc.constantFrom<StepReport | null>(
      null,
      { at: at(99), status: 'COMPLETED', versionId: 'mv_1' },
      { at: at(99), status: 'FAILED', progress: 0.9, error: { code: 'INTERNAL', message: 'lost' } },
      { at: at(99), status: 'CANCELLED', progress: 0.9 },
    ),
  })
  .map(({ pauses, end }) => {
    const underway: StepReport[] = [
      { at: at(1), status: 'QUEUED' },
      { at: at(2), status: 'RUNNING', progress: 0 },
    ]
    for (let index = 0; index < pauses; index++) {
      const progress = 0.1 * (index + 1)
      underway.push({ at: at(10 + index), progress: progress + 0.05 })
      underway.push({ at: at(20 + 3 * index), status: 'PAUSED', progress })
      underway.push({ at: at(21 + 3 * index), status: 'QUEUED', progress })
      underway.push({ at: at(22 + 3 * index), status: 'RUNNING', progress })
    }
    return [...underway, ...(end ? [end] : [])].map(report => ({ ...report, jobId: 'job_1' }))
  })

describe('the reports about one job', () => {
  it('lead to the same state in any order and with any repetition', () => {
    const shuffled = history.chain(reports =>
      fc.tuple(
        fc.constant(reports),
        fc
          .array(fc.constantFrom(...reports), { maxLength: 10 })
          .chain(more => fc.shuffledSubarray([...reports, ...more], { minLength: reports.length + more.length })),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([inOrder, anyhow]) => {
        const { statusAt: _, ...expected } = reportedTo(runOf('a', 'b'), inOrder).steps[0]!
        const run = reportedTo(runOf('a', 'b'), anyhow)
        expect(run.steps[0]).toMatchObject(expected)
        expect(run.status).toBe(reportedTo(runOf('a', 'b'), inOrder).status)
        expect(run.finishedAt).toEqual(reportedTo(runOf('a', 'b'), inOrder).finishedAt)
      }),
    )
  })

  it('change nothing about a run that was cancelled, but the job that it knows', () => {
    const run = reportedTo(cancelled(runOf('a', 'b'), now), [
      { at: at(1), status: 'QUEUED', jobId: 'job_1' },
      { at: at(2), status: 'COMPLETED', versionId: 'mv_1' },
    ])
    expect(run).toMatchObject({ status: 'CANCELLED', finishedAt: now })
    expect(run.steps[0]).toMatchObject({ status: 'CANCELLED', jobId: 'job_1', versionId: null })
  })
})

describe('a run of two steps', () => {
  it('runs on between them, and is completed after the last', () => {
    const half = reportedTo(runOf('a', 'b'), [{ at: at(1), status: 'COMPLETED', versionId: 'mv_1' }])
    expect(half).toMatchObject({ status: 'RUNNING', progress: 0.5, finishedAt: null })
    const whole = reportedTo(half, [{ at: at(2), status: 'COMPLETED', versionId: 'mv_2' }], 'b')
    expect(whole).toMatchObject({ status: 'COMPLETED', progress: 1, finishedAt: now })
  })

  it('never begins the second when the first fails', () => {
    const run = reportedTo(runOf('a', 'b'), [
      { at: at(1), status: 'FAILED', error: { code: 'INVALID_INPUT', message: 'no such dataset' } },
    ])
    expect(run.status).toBe('FAILED')
    expect(statuses(run)).toEqual(['FAILED', 'CANCELLED'])
  })

  it('waits for the second again when the job of the first is tried again, and not for another job', () => {
    const failed = reportedTo(runOf('a', 'b'), [
      { at: at(1), status: 'FAILED', jobId: 'job_1', error: { code: 'INTERNAL', message: 'lost' } },
    ])
    const again = { at: at(2), status: 'QUEUED', isRetry: true } as const
    const reopened = reportedTo(failed, [{ ...again, jobId: 'job_1' }])
    expect(statuses(reopened)).toEqual(['QUEUED', 'QUEUED'])
    expect(reopened).toMatchObject({ status: 'QUEUED', finishedAt: null, steps: [{ error: null }, {}] })
    expect(statuses(reportedTo(failed, [{ ...again, jobId: 'job_2' }]))).toEqual(['FAILED', 'CANCELLED'])
    const byHand = cancelled(runOf('a', 'b'), now)
    expect(statuses(reportedTo(byHand, [{ ...again, jobId: 'job_1' }]))).toEqual(['CANCELLED', 'CANCELLED'])
  })

  it('is paused while its step is', () => {
    const run = reportedTo(runOf('a', 'b'), [
      { at: at(1), status: 'RUNNING' },
      { at: at(2), status: 'PAUSED', progress: 0.4 },
    ])
    expect(run).toMatchObject({ status: 'PAUSED', progress: 0.2 })
  })
})
