import { describe, expect, it } from 'vitest'
import { readDemoOptions } from '../../forge/demo-options.ts'

describe('the options of the demo', () => {
  it('have defaults, and are read as numbers', () => {
    expect(readDemoOptions([])).toEqual({ exit: false, steps: 400, seed: 42 })
    expect(readDemoOptions(['--exit', '--steps', '150', '--seed=0'])).toEqual({ exit: true, steps: 150, seed: 0 })
  })

  it('are refused with the option and its value when they are no number to train with', () => {
    for (const text of ['abc', '', '1.5', '0', '1e99']) {
      expect(() => readDemoOptions([`--steps=${text}`])).toThrow(`--steps is "${text}"`)
    }
  })

  it('are refused in one sentence when they are unknown or lack their value', () => {
    expect(() => readDemoOptions(['--fast'])).toThrow(/'--fast'.*The demo takes --exit, --steps N and --seed N/)
    expect(() => readDemoOptions(['--steps'])).toThrow(/The demo takes/)
    expect(() => readDemoOptions(['go'])).toThrow(/'go'.*The demo takes/)
  })
})
