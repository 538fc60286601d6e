import { describe, expect, it } from 'vitest'
import { cognateConfig } from '../../../../subgraphs/training/recipes/config.ts'
import { requiredMemory } from '../../../../subgraphs/training/recipes/memory.ts'

describe('requiredMemory', () => {
  // The largest resident memory of a process that took three steps and wrote a checkpoint, on ONNX Runtime 1.30.
  it.each([
    ['NANO', undefined, 506e6],
    ['MICRO', undefined, 1027e6],
    ['SMALL', undefined, 1693e6],
    ['SMALL', 32, 5333e6],
    ['COGNATE', undefined, 3440e6],
  ] as const)('is within a tenth of what %s with batch %s was measured to take', (preset, batch, measured) => {
    const estimate = requiredMemory(cognateConfig(preset, { batch }, 7))
    expect(Math.abs(estimate / measured - 1)).toBeLessThan(0.1)
  })

  it('counts the tokens of every pass of a step', () => {
    const bytes = (accumulation: number) => requiredMemory(cognateConfig('NANO', { accumulation }, 7))
    expect(bytes(1_000_000)).toBeGreaterThan(1_000_000 * 8 * 128 * 4)
  })

  it('counts every gradient that a moving average remembers', () => {
    const bytes = (window: number) => requiredMemory(cognateConfig('COGNATE', { grokfast: { kind: 'MA', window } }, 7))
    expect(bytes(100) - bytes(50)).toBeGreaterThan(50 * 24e6 * 4)
  })
})
