import { describe, expect, it } from 'vitest'
import { headWidth, validateConfig } from '../../../engine/models/llama-config.ts'
import { parameterCount } from '../../../engine/models/llama-parameters.ts'
import { presets } from '../../../engine/models/presets.ts'

describe('presets', () => {
  it('have these many parameters', () => {
    const counts = Object.fromEntries(Object.values(presets).map(({ name, model }) => [name, parameterCount(model)]))
    expect(counts).toEqual({ NANO: 984_192, MICRO: 3_049_920, SMALL: 9_988_800, COGNATE: 24_501_760 })
  })

  it.each(Object.values(presets))('$name has widths and heads that are multiples of 32', ({ model }) => {
    validateConfig(model)
    for (const size of [model.width, model.feedForward, model.vocabularySize, headWidth(model)])
      expect(size % 32).toBe(0)
  })
})
