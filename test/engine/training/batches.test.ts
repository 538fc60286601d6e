import { describe, expect, it } from 'vitest'
import { splitTokens, trainingBatches, validationBatches } from '../../../engine/training/batches.ts'

const tokens = Int32Array.from({ length: 1000 }, (_, index) => index)
const size = { batch: 4, context: 8 }

describe('training batches', () => {
  it('are windows of the text with the following token as target', () => {
    const { inputs, targets } = trainingBatches(tokens, size, { seed: 1 }).next()
    expect(inputs).toHaveLength(32)
    inputs.forEach((token, index) => {
      expect(targets[index]).toBe(token + 1)
      if (index % 8 > 0) expect(token).toBe(inputs[index - 1] + 1)
    })
  })

  it('reach the first and the last token', () => {
    const few = tokens.subarray(0, 10)
    const sampler = trainingBatches(few, size, { seed: 2 })
    const seen = new Set(Array.from({ length: 20 }, () => [...sampler.next().targets]).flat())
    expect(seen).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]))
  })

  it('go on with the same windows from a saved state', () => {
    const sampler = trainingBatches(tokens, size, { seed: 3 })
    sampler.next()
    const restored = trainingBatches(tokens, size, { state: JSON.parse(JSON.stringify(sampler.state())) })
    expect(restored.next()).toEqual(sampler.next())
  })

  it('say how many tokens are missing', () => {
    expect(() => trainingBatches(tokens.subarray(0, 8), size, { seed: 1 })).toThrow('has 8 tokens and needs at least 9')
  })
})

describe('validation batches', () => {
  it('cover the text once, in order, in whole batches', () => {
    const batches = validationBatches(tokens.subarray(0, 100), size)
    expect(batches.flatMap(batch => [...batch.inputs])).toEqual(Array.from({ length: 96 }, (_, index) => index))
  })

  it('are spread over the text when limited', () => {
    const [batch, ...others] = validationBatches(tokens, size, 1)
    expect(others).toEqual([])
    expect([0, 8, 16, 24].map(index => batch.inputs[index])).toEqual([0, 31 * 8, 62 * 8, 93 * 8])
  })

  it('say how many tokens are missing', () => {
    expect(() => validationBatches(tokens.subarray(0, 32), size)).toThrow('has 32 tokens and needs at least 33')
  })
})

describe('splitting', () => {
  it('keeps the tail for validation', () => {
    const { training, validation } = splitTokens(tokens, 0.1)
    expect(training).toHaveLength(900)
    expect(validation[0]).toBe(900)
  })

  it('refuses a share of all', () => {
    expect(() => splitTokens(tokens, 1)).toThrow('the validation share is 1')
  })
})
