import { describe, expect, it } from 'vitest'
import { type PresetName, presets } from '../../../engine/models/presets.ts'
import { trainingBytes } from '../../../engine/training/memory.ts'
import type { GrokFast } from '../../../engine/training/options.ts'

const MIB = 2 ** 20

function estimate(name: PresetName, change: { grokfast?: GrokFast; accumulation?: number } = {}): number {
  const { model, batch } = presets[name]
  return trainingBytes({ model, batch, context: model.contextLength, accumulation: 1, ...change })
}

describe('the memory estimate', () => {
  // Peak resident memory of trainings with evaluations on ONNX Runtime 1.30 with one thread, in MiB.
  it.each<[PresetName, GrokFast | undefined, number]>([
    ['NANO', undefined, 349],
    ['NANO', { kind: 'EMA', alpha: 0.98, lambda: 2 }, 377],
    ['NANO', { kind: 'MA', window: 10, lambda: 5 }, 442],
    ['MICRO', undefined, 715],
    ['MICRO', { kind: 'EMA', alpha: 0.98, lambda: 2 }, 719],
    ['SMALL', undefined, 1205],
    ['SMALL', { kind: 'EMA', alpha: 0.98, lambda: 2 }, 1271],
    ['COGNATE', undefined, 2306],
    ['COGNATE', { kind: 'EMA', alpha: 0.98, lambda: 2 }, 2403],
  ])('of %s with %o is above the %i MiB it took, and by less than a third', (name, grokfast, measured) => {
    const estimated = estimate(name, grokfast && { grokfast }) / MIB
    expect(estimated).toBeGreaterThan(measured)
    expect(estimated).toBeLessThan((4 / 3) * measured)
  })

  it('counts a window of a hundred gradients as a hundred times the parameters', () => {
    const longer = estimate('COGNATE', { grokfast: { kind: 'MA', window: 100, lambda: 5 } })
    const shorter = estimate('COGNATE', { grokfast: { kind: 'MA', window: 1, lambda: 5 } })
    expect(longer - shorter).toBe(99 * 4 * 24_501_760)
  })

  it('grows with accumulation, which keeps a sum', () => {
    expect(estimate('NANO', { accumulation: 2 })).toBeGreaterThan(estimate('NANO'))
  })
})
