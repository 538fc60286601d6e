import { describe, expect, it } from 'vitest'
import { compareRuns } from '../../../../subgraphs/training/reruns/comparison.ts'
import { repeatedConfig } from '../../../../subgraphs/training/reruns/rerun.ts'
import { newJob } from '../stores.ts'

const curve = (name: string, points: readonly (readonly [number, number])[]) => ({
  name,
  steps: Float64Array.from(points, ([step]) => step),
  values: Float64Array.from(points, ([, value]) => value),
})
const run = (
  losses: readonly number[],
  looks: readonly (readonly [number, number])[] = [],
  weights: string | null = 'sha256:a',
) => ({
  status: 'COMPLETED' as const,
  error: null,
  weightsDigest: weights,
  curves: [
    curve(
      'loss',
      losses.map((loss, index) => [index + 1, loss]),
    ),
    curve('validation_loss', looks),
  ],
})

describe('compareRuns', () => {
  it('finds two runs the same whose every value is', () => {
    expect(compareRuns(run([3, 2, 1], [[2, 2.5]]), run([3, 2, 1], [[2, 2.5]]))).toMatchObject({
      verdict: 'IDENTICAL',
      comparedSteps: 3,
      firstDifference: null,
    })
  })

  it('names the first step that differs, by however little', () => {
    const other = 2 + Number.EPSILON * 2
    expect(compareRuns(run([3, 2, 1, 0.5]), run([3, other, 1.5, 0.7]))).toMatchObject({
      verdict: 'DIFFERENT',
      firstDifference: { step: 2, metric: 'loss', origin: 2, rerun: other },
    })
  })

  it('takes the metric that differs first, and counts a missing value as a difference', () => {
    expect(compareRuns(run([3, 2, 1], [[2, 2.5]]), run([3, 2], [[2, 2.6]])).firstDifference).toEqual({
      step: 2,
      metric: 'validation_loss',
      origin: 2.5,
      rerun: 2.6,
    })
    expect(compareRuns(run([3, 2, 1]), run([3, 2])).firstDifference).toMatchObject({ step: 3, origin: 1, rerun: null })
  })

  it('does not take equal losses for equal weights', () => {
    expect(compareRuns(run([3]), run([3], [], 'sha256:b'))).toMatchObject({
      verdict: 'DIFFERENT',
      firstDifference: null,
      originWeights: 'sha256:a',
      rerunWeights: 'sha256:b',
    })
  })
})

describe('compareRuns with an origin that was cut off', () => {
  const cut = { ...run([3, 2], [], null), status: 'CANCELLED' as const }

  it('counts what the origin measured, and not what comes at the end', () => {
    expect(compareRuns(cut, run([3, 2], [[2, 2.5]]))).toMatchObject({ verdict: 'IDENTICAL', comparedSteps: 2 })
    expect(compareRuns(cut, run([3, 2.5]))).toMatchObject({ verdict: 'DIFFERENT', firstDifference: { step: 2 } })
    expect(compareRuns(cut, run([3]))).toMatchObject({ verdict: 'DIFFERENT', firstDifference: { rerun: null } })
  })

  it('counts a look that the origin had not when the origin came to its end', () => {
    expect(compareRuns({ ...cut, status: 'COMPLETED' }, run([3, 2], [[2, 2.5]], null)).verdict).toBe('DIFFERENT')
  })
})

describe('repeatedConfig', () => {
  const config = { batch: 4, accumulation: 2, context: 10, budget: { seconds: 9, tokens: 5_000 } }

  it('ends by tokens where a clock or a person ended the first', () => {
    const tokens = 30 * 4 * 2 * 10
    const timed = newJob('ds_1', { status: 'COMPLETED', stopReason: 'TIME_BUDGET', step: 30, config })
    expect(repeatedConfig(timed).budget).toEqual({ seconds: null, tokens })
    expect(repeatedConfig(newJob('ds_1', { status: 'CANCELLED', step: 30, config })).budget.tokens).toBe(tokens)
  })

  it('lets what diverged diverge again, and what completed complete', () => {
    const error = { code: 'DIVERGED', message: '' }
    const diverged = newJob('ds_1', { status: 'FAILED', error, step: 30, config })
    expect(repeatedConfig(diverged).budget).toEqual({ seconds: null, tokens: 5_000 })
    const whole = newJob('ds_1', { status: 'COMPLETED', step: 30, config })
    expect(repeatedConfig(whole).budget).toEqual({ seconds: null, tokens: 5_000 })
  })
})
