import { describe, expect, it } from 'vitest'
import { input } from '../../../engine/graph/graph.ts'
import {
  averageGain,
  type GrokFastEma,
  grokFastEma,
  grokFastEmaDefaults,
  validateGrokFastEma,
} from '../../../engine/optimizers/grokfast-ema.ts'
import {
  type GrokFastMa,
  grokFastMa,
  grokFastMaDefaults,
  movingAverageGain,
  validateGrokFastMa,
} from '../../../engine/optimizers/grokfast-ma.ts'
import { evaluate, scalar } from '../tiny-decoder.ts'

/** What becomes of a sequence of gradients of one number. */
async function filterEma(gradients: readonly number[], options: GrokFastEma = grokFastEmaDefaults): Promise<number[]> {
  const { filtered, average } = grokFastEma(
    input('gradient', []),
    input('average', []),
    input('alpha', []),
    input('gain', []),
  )
  const results: number[] = []
  let carried = 0
  for (const [index, gradient] of gradients.entries()) {
    const found = await evaluate(
      { filtered, next: average },
      {
        gradient: scalar(gradient),
        average: scalar(carried),
        alpha: scalar(index === 0 ? 0 : options.alpha),
        gain: scalar(averageGain(options, index + 1)),
      },
    )
    carried = found.next[0]
    results.push(found.filtered[0])
  }
  return results
}

async function filterMa(gradients: readonly number[], options: GrokFastMa = grokFastMaDefaults): Promise<number[]> {
  const { filtered, total } = grokFastMa(
    input('gradient', []),
    input('total', []),
    input('oldest', []),
    input('gain', []),
  )
  const results: number[] = []
  let carried = 0
  for (const [index, gradient] of gradients.entries()) {
    const found = await evaluate(
      { filtered, next: total },
      {
        gradient: scalar(gradient),
        total: scalar(carried),
        oldest: scalar(gradients[index - options.window] ?? 0),
        gain: scalar(movingAverageGain(options, index + 1)),
      },
    )
    carried = found.next[0]
    results.push(found.filtered[0])
  }
  return results
}

describe('GrokFast-EMA', () => {
  it('gains 1 + λ on a constant gradient, from the first step', async () => {
    for (const value of await filterEma([0.7, 0.7, 0.7, 0.7])) expect(value).toBeCloseTo(0.7 * 3, 6)
  })

  it('gains 1 + λ(1−α)/(1+α) on an alternating gradient', async () => {
    const gradients = Array.from({ length: 1200 }, (_, index) => (index % 2 === 0 ? 1 : -1))
    const filtered = await filterEma(gradients)
    expect(filtered.at(-1)! / gradients.at(-1)!).toBeCloseTo(1 + (2 * 0.02) / 1.98, 6)
  })

  it('follows µ ← αµ + (1−α)g, µ₀ = the first gradient', async () => {
    const gradients = [1, -2, 0.5]
    let average = gradients[0]
    const expected = gradients.map((g, index) => {
      if (index > 0) average = 0.8 * average + 0.2 * g
      return g + 3 * average
    })
    const actual = await filterEma(gradients, { kind: 'EMA', alpha: 0.8, lambda: 3 })
    for (const [index, value] of actual.entries()) expect(value).toBeCloseTo(expected[index], 6)
  })

  it('gathers the average before its start, and then lets λ grow', async () => {
    const gradients = [4, 0, 0, 0, 0, 0]
    const options: GrokFastEma = { kind: 'EMA', alpha: 0.5, lambda: 2, start: 2, warmUp: 2 }
    const average = gradients.map((_, index) => 4 * 0.5 ** index)
    const strengths = [0, 0, 1, 2, 2, 2]
    const filtered = await filterEma(gradients, options)
    for (const [index, value] of filtered.entries())
      expect(value).toBeCloseTo(gradients[index] + strengths[index] * average[index], 6)
  })

  it('refuses a schedule of half steps', () => {
    expect(() => validateGrokFastEma({ kind: 'EMA', alpha: 0.9, lambda: 2, start: 1.5 })).toThrow('start is 1.5')
    expect(() => validateGrokFastMa({ kind: 'MA', window: 9, lambda: 2, warmUp: -1 })).toThrow('warmUp is -1')
  })

  it('refuses an α of 1 and a negative λ', () => {
    expect(() => validateGrokFastEma({ kind: 'EMA', alpha: 1, lambda: 2 })).toThrow('alpha is 1')
    expect(() => validateGrokFastEma({ kind: 'EMA', alpha: 0.9, lambda: -2 })).toThrow('lambda is -2')
  })
})

describe('GrokFast-MA', () => {
  it('changes nothing until the window is full, then adds λ times the mean of the window', async () => {
    const options = { kind: 'MA', window: 3, lambda: 5 } as const
    const gradients = [1, 2, 6, -4, 10]
    const expected = [1, 2, 6 + 5 * 3, -4 + (5 * 4) / 3, 10 + 5 * 4]
    const actual = await filterMa(gradients, options)
    for (const [index, value] of actual.entries()) expect(value).toBeCloseTo(expected[index], 6)
  })

  it('has a window of 100 and λ 5 by default', async () => {
    const filtered = await filterMa(new Array(101).fill(2))
    expect(filtered[98]).toBe(2)
    expect(filtered[99]).toBeCloseTo(12, 5)
    expect(filtered[100]).toBeCloseTo(12, 5)
  })

  it('acts from its start on, though its window is full before', async () => {
    const filtered = await filterMa([1, 1, 1, 1, 1, 1], { kind: 'MA', window: 2, lambda: 3, start: 4 })
    for (const [index, value] of filtered.entries()) expect(value).toBeCloseTo(index < 4 ? 1 : 4, 6)
  })

  it('refuses a window of 0 and a negative λ', () => {
    expect(() => validateGrokFastMa({ kind: 'MA', window: 0, lambda: 5 })).toThrow('window is 0')
    expect(() => validateGrokFastMa({ kind: 'MA', window: 10, lambda: -5 })).toThrow('lambda is -5')
  })
})
