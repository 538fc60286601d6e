import { describe, expect, it } from 'vitest'
import { input } from '../../../engine/graph/graph.ts'
import { logits } from '../../../engine/models/llama.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { parameterShapes } from '../../../engine/models/llama-parameters.ts'
import { evaluate, livelyParameters, tinyConfig, tokensFrom } from '../tiny-decoder.ts'
import { plainLogits } from './plain-llama.ts'

/** Logits of sequences of equal length through the graph, row after row. */
async function graphLogits(config: LlamaConfig, weights: Record<string, Float32Array>, sequences: Int32Array[]) {
  const shapes = Object.entries(parameterShapes(config))
  const parameters = Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, shape)]))
  const shape = [sequences.length, sequences[0].length]
  const { out } = await evaluate(
    { out: logits(config, parameters, input('tokens', shape, 'int32')) },
    {
      ...Object.fromEntries(shapes.map(([name, shape]) => [name, { data: weights[name], shape }])),
      tokens: { data: Int32Array.from(sequences.flatMap(sequence => [...sequence])), shape },
    },
  )
  return out
}

describe('the Llama decoder', () => {
  it.each<[string, Partial<LlamaConfig>, number?]>([
    ['shared keys and an untied head', {}],
    ['a key for every head and a tied head', { keyValueHeads: 4, tiedEmbeddings: true }],
    ['one key for all heads', { keyValueHeads: 1 }],
    ['other angles and another epsilon', { ropeTheta: 100, normEpsilon: 0.1 }],
    ['queries in three blocks', { contextLength: 192 }, 192],
  ])('with %s agrees with plain loops', async (_, change, length = 9) => {
    const config = { ...tinyConfig, ...change }
    const weights = livelyParameters(config, 5)
    const sequences = [tokensFrom(1, length), tokensFrom(2, length)]

    const expected = sequences.flatMap(sequence => plainLogits(config, weights, [...sequence]).flat())
    const actual = await graphLogits(config, weights, sequences)
    const error = Math.max(...actual.map((value, index) => Math.abs(value - expected[index])))
    // The tables of angles are float32.
    expect(error).toBeLessThan(1e-5)
  })

  it('does not let a token see a later one', async () => {
    const weights = livelyParameters(tinyConfig, 6)
    const tokens = tokensFrom(3, 6)
    const changed = tokens.with(4, (tokens[4] + 1) % tinyConfig.vocabularySize)
    const [before, after] = [
      await graphLogits(tinyConfig, weights, [tokens]),
      await graphLogits(tinyConfig, weights, [changed]),
    ]

    const seen = 4 * tinyConfig.vocabularySize
    expect(after.slice(0, seen)).toEqual(before.slice(0, seen))
    expect(after.slice(seen)).not.toEqual(before.slice(seen))
  })
})
