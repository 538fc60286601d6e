import { describe, expect, it } from 'vitest'
import { type Sampling, sampleToken, validateSampling } from '../../../engine/generation/sampling.ts'
import { seededRandom } from '../../../engine/random.ts'

// Probabilities 0.1, 0.5, 0.15, 0.25.
const logits = Float32Array.from([0.1, 0.5, 0.15, 0.25], Math.log)

function frequencies(sampling: Sampling, draws = 40_000): number[] {
  const random = seededRandom(9)
  const counts = [0, 0, 0, 0]
  for (let index = 0; index < draws; index++) counts[sampleToken(logits, sampling, random)]++
  return counts.map(count => count / draws)
}

function expectNear(actual: number[], expected: number[]) {
  actual.forEach((frequency, token) => {
    expect(Math.abs(frequency - expected[token])).toBeLessThan(0.01)
  })
}

describe('sampling', () => {
  it('takes the likeliest token at temperature 0', () => {
    expect(frequencies({ temperature: 0 }, 100)).toEqual([0, 1, 0, 0])
  })

  it('follows the probabilities at temperature 1', () => {
    expectNear(frequencies({ temperature: 1 }), [0.1, 0.5, 0.15, 0.25])
  })

  it('squares the probabilities at temperature one half', () => {
    const sum = 0.01 + 0.25 + 0.0225 + 0.0625
    expectNear(frequencies({ temperature: 0.5 }), [0.01 / sum, 0.25 / sum, 0.0225 / sum, 0.0625 / sum])
  })

  it('keeps the k likeliest', () => {
    expectNear(frequencies({ temperature: 1, topK: 2 }), [0, 2 / 3, 0, 1 / 3])
  })

  it('keeps the fewest tokens that hold p', () => {
    expectNear(frequencies({ temperature: 1, topP: 0.7 }), [0, 2 / 3, 0, 1 / 3])
    expectNear(frequencies({ temperature: 1, topP: 0.76 }), [0, 0.5 / 0.9, 0.15 / 0.9, 0.25 / 0.9])
  })

  it('measures p over what topK left', () => {
    expectNear(frequencies({ temperature: 1, topK: 2, topP: 0.6 }), [0, 1, 0, 0])
  })

  it('draws the same tokens from the same seed', () => {
    expect(frequencies({ temperature: 1 }, 50)).toEqual(frequencies({ temperature: 1 }, 50))
  })

  it.each<[Sampling, string]>([
    [{ temperature: -0.1 }, 'temperature is -0.1'],
    [{ temperature: Number.NaN }, 'temperature is NaN'],
    [{ temperature: 1, topK: 0 }, 'topK is 0'],
    [{ temperature: 1, topP: 0 }, 'topP is 0'],
    [{ temperature: 1, topP: 1.5 }, 'topP is 1.5'],
  ])('refuses %o, naming the value', (sampling, message) => {
    expect(() => validateSampling(sampling)).toThrow(message)
  })
})
