import { describe, expect, it } from 'vitest'
import type { StoppingRules } from '../../../../subgraphs/training/recipes/stopping.ts'
import { openStopping, type StoppingState } from '../../../../subgraphs/training/trainer/stopping.ts'

let clock = 0
const watch = (rules: Partial<StoppingRules>, saved?: StoppingState) =>
  openStopping(rules, { tokensPerStep: 100, now: () => clock }, saved)

describe('early stopping', () => {
  const earlyStopping = { patience: 2, minDelta: 0.1 }

  it('counts the looks in a row that are not lower by minDelta than the best', () => {
    const stopping = watch({ earlyStopping })
    const looks = [3, 2.5, 2.45, 2.3, 2.25, 2.21]
    const reasons = looks.map((loss, index) => {
      const isBest = stopping.look((index + 1) * 10, loss)
      return [isBest, stopping.reason((index + 1) * 10)]
    })
    expect(reasons).toEqual([
      [true, null],
      [true, null],
      [false, null],
      [true, null],
      [false, null],
      [false, 'EARLY_STOPPING'],
    ])
    expect(stopping.best).toEqual({ step: 40, loss: 2.3 })
  })

  it('goes on counting from a saved state', () => {
    const first = watch({ earlyStopping })
    first.look(10, 2)
    first.look(20, 2)
    const second = watch({ earlyStopping }, JSON.parse(JSON.stringify(first.state())))
    second.look(30, 2)
    expect(second.reason(30)).toBe('EARLY_STOPPING')
  })

  it('fails where a validation loss is no number', () => {
    expect(() => watch({}).look(7, Number.NaN)).toThrow(/after step 7 .* NaN/)
  })
})

describe('divergence', () => {
  const divergence = { spike: 2, window: 5, patience: 3 }

  it('is a loss far above the usual and above the first, several times in a row', () => {
    const stopping = watch({ divergence })
    const losses = [5, 4, 3, 3, 3, 7, 7, 3, 7, 8]
    losses.forEach((loss, index) => {
      stopping.step(index + 1, loss)
    })
    expect(() => stopping.step(11, 9)).toThrow(expect.objectContaining({ code: 'DIVERGED' }))
    expect(() => stopping.step(11, 9)).toThrow(/step 11 has loss 9.0000.* 3.0000/)
  })

  it('is not what happens below the loss of an untrained model', () => {
    const stopping = watch({ divergence })
    for (const [index, loss] of [5, 0.1, 0.1, 0.1, 4, 4, 4, 4, 4].entries()) stopping.step(index + 1, loss)
    expect(stopping.state().spikes).toBe(0)
  })

  it('can be switched off', () => {
    const stopping = watch({ divergence: { ...divergence, spike: 0 } })
    for (const [index, loss] of [5, 5, 50, 500, 5_000, 50_000].entries()) stopping.step(index + 1, loss)
  })
})

describe('a budget', () => {
  it('of tokens ends before a step that would need more', () => {
    const stopping = watch({ budget: { seconds: null, tokens: 350 } })
    expect([1, 2, 3].map(step => stopping.reason(step))).toEqual([null, null, 'TOKEN_BUDGET'])
  })

  it('of seconds counts what earlier attempts have trained', () => {
    const rules = { budget: { seconds: 10, tokens: null } }
    const first = watch(rules)
    clock += 6_000
    expect(first.reason(1)).toBeNull()
    const saved = first.state()
    // It waits for its turn: that is not training.
    clock += 60_000
    const second = watch(rules, saved)
    clock += 3_999
    expect(second.reason(2)).toBeNull()
    clock += 1
    expect(second.reason(3)).toBe('TIME_BUDGET')
  })
})
