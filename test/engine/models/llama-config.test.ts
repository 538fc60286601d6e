import { describe, expect, it } from 'vitest'
import { type LlamaConfig, validateConfig } from '../../../engine/models/llama-config.ts'
import { presets } from '../../../engine/models/presets.ts'

const nano = presets.NANO.model

describe('a model configuration', () => {
  it.each<[Partial<LlamaConfig>, string]>([
    [{ layers: 0 }, 'layers is 0'],
    [{ vocabularySize: 2.5 }, 'vocabularySize is 2.5'],
    [{ width: 130 }, 'width 130 is not divisible by 4 heads'],
    [{ width: 12 }, 'odd head width of 3'],
    [{ keyValueHeads: 3 }, 'heads 4 is not divisible by keyValueHeads 3'],
    [{ ropeTheta: 0 }, 'ropeTheta is 0'],
    [{ normEpsilon: Number.NaN }, 'normEpsilon is NaN'],
  ])('with %o is refused, naming the value', (change, message) => {
    expect(() => validateConfig({ ...nano, ...change })).toThrow(message)
  })

  it('of a preset is accepted', () => {
    expect(() => validateConfig(nano)).not.toThrow()
  })
})
