import { describe, expect, it } from 'vitest'
import { learningRate, usualSchedule, validateSchedule } from '../../../engine/optimizers/schedule.ts'

const schedule = { peak: 1e-3, floor: 1e-4, warmUp: 10, steps: 110 }

describe('the cosine schedule', () => {
  it('grows linearly to the peak, is half-way down in the middle, and ends at the floor', () => {
    expect(learningRate(schedule, 1)).toBeCloseTo(1e-4, 12)
    expect(learningRate(schedule, 5)).toBeCloseTo(5e-4, 12)
    expect(learningRate(schedule, 10)).toBeCloseTo(1e-3, 12)
    expect(learningRate(schedule, 60)).toBeCloseTo(5.5e-4, 12)
    expect(learningRate(schedule, 110)).toBe(1e-4)
    expect(learningRate(schedule, 500)).toBe(1e-4)
  })

  it('starts at the peak without a warm-up', () => {
    expect(learningRate({ ...schedule, warmUp: 0 }, 1)).toBeGreaterThan(0.999e-3)
  })

  it('usually warms up over a twentieth of the steps and ends at a tenth of the peak', () => {
    expect(usualSchedule(1e-3, 800)).toEqual({ peak: 1e-3, floor: 1e-4, warmUp: 40, steps: 800 })
    expect(() => validateSchedule(usualSchedule(1e-3, 1))).not.toThrow()
  })

  it.each([
    [{ peak: -1 }, 'the learning rate is -1'],
    [{ floor: 2 }, 'the final learning rate is 2'],
    [{ steps: 0 }, 'steps is 0'],
    [{ warmUp: 111 }, 'the warm-up is 111 steps'],
  ])('refuses %o', (change, message) => {
    expect(() => validateSchedule({ ...schedule, ...change })).toThrow(message)
  })
})
