import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decoderParts, onnxFiles } from '../../../engine/formats/onnx-export.ts'
import { storedModel } from '../../../engine/formats/pretrained.ts'
import { input } from '../../../engine/graph/graph.ts'
import { logits } from '../../../engine/models/llama.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { parameterShapes } from '../../../engine/models/llama-parameters.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { evaluate, livelyParameters, tinyConfig, tokensFrom } from '../tiny-decoder.ts'

const { layers, keyValueHeads, vocabularySize, width, heads } = tinyConfig
const size = width / heads
const parameters = livelyParameters(tinyConfig, 4)
const tolerance = 1e-3

const tokenizer = trainTokenizer('', { vocabularySize: 257, specialTokens: ['<|endoftext|>'] })
const encoded = async (config: LlamaConfig, parameters: Record<string, Float32Array>) =>
  Buffer.concat(await Array.fromAsync(decoderParts(storedModel({ config, parameters, tokenizer }))))

/** Our logits in float64, row by row. */
async function ours(tokens: readonly number[], model = tinyConfig, weights = parameters): Promise<number[][]> {
  const shapes = parameterShapes(model)
  const nodes = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)]))
  const found = await evaluate(
    { logits: logits(model, nodes, input('tokens', [1, tokens.length], 'int32')) },
    {
      tokens: { data: Int32Array.from(tokens), shape: [1, tokens.length] },
      ...Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { data: weights[name]!, shape }])),
    },
  )
  return rows(found.logits!)
}

const rows = (numbers: ArrayLike<number>): number[][] =>
  Array.from({ length: numbers.length / vocabularySize }, (_, row) =>
    Array.from({ length: vocabularySize }, (_, column) => numbers[row * vocabularySize + column]!),
  )
const long = (values: readonly (readonly number[])[]) =>
  new Tensor('int64', BigInt64Array.from(values.flat(), BigInt), [values.length, values[0]!.length])
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

const parts = range(0, layers).flatMap(layer => [`${layer}.key`, `${layer}.value`])
const emptyCache = (batch: number) =>
  Object.fromEntries(
    parts.map(part => [
      `past_key_values.${part}`,
      new Tensor('float32', new Float32Array(0), [batch, keyValueHeads, 0, size]),
    ]),
  )
const cacheOf = (outputs: InferenceSession.OnnxValueMapType) =>
  Object.fromEntries(parts.map(part => [`past_key_values.${part}`, outputs[`present.${part}`]! as Tensor]))

function expectClose(found: number[][], expected: number[][]): void {
  expect(found).toHaveLength(expected.length)
  for (const [row, numbers] of found.entries()) {
    const difference = Math.max(...numbers.map((number, column) => Math.abs(number - expected[row]![column]!)))
    expect(difference, `row ${row}`).toBeLessThan(tolerance)
  }
}

describe('a decoder as ONNX, in ONNX Runtime', () => {
  let session: InferenceSession
  beforeAll(async () => {
    session = await InferenceSession.create(await encoded(tinyConfig, parameters))
  })
  afterAll(() => session.release())

  const read = (tokens: number[], past = 0, cache: Record<string, Tensor> = emptyCache(1)) =>
    session.run({
      input_ids: long([tokens]),
      attention_mask: long([range(0, past + tokens.length).map(() => 1)]),
      position_ids: long([range(past, past + tokens.length)]),
      ...cache,
    })
  const tokens = [...tokensFrom(9, 10)]

  it('gives our logits over a whole text', async () => {
    const { logits } = await read(tokens)
    expect(logits!.dims).toEqual([1, 10, vocabularySize])
    expectClose(rows(logits!.data as Float32Array), await ours(tokens))
  })

  it('gives the same with a cache: a beginning, then some tokens, then one by one', async () => {
    const expected = await ours(tokens)
    let outputs = await read(tokens.slice(0, 4))
    outputs = await read(tokens.slice(4, 7), 4, cacheOf(outputs))
    expectClose(rows(outputs.logits!.data as Float32Array), expected.slice(4, 7))
    for (let at = 7; at < tokens.length; at++) {
      outputs = await read([tokens[at]!], at, cacheOf(outputs))
      expectClose(rows(outputs.logits!.data as Float32Array), expected.slice(at, at + 1))
    }
    expect(outputs['present.1.key']!.dims).toEqual([1, keyValueHeads, 10, size])
  })

  it('reads texts of unequal length side by side, the shorter one padded on its left', async () => {
    const [one, two] = [tokens.slice(0, 6), tokens.slice(2, 6)]
    const { logits } = await session.run({
      input_ids: long([one, [0, 0, ...two]]),
      attention_mask: long([
        [1, 1, 1, 1, 1, 1],
        [0, 0, 1, 1, 1, 1],
      ]),
      position_ids: long([range(0, 6), [0, 0, ...range(0, 4)]]),
      ...emptyCache(2),
    })
    const found = rows(logits!.data as Float32Array)
    expectClose(found.slice(0, 6), await ours(one))
    expectClose(found.slice(8), await ours(two))
  })

  it('takes its head from the embedding where the two are tied', async () => {
    const config = { ...tinyConfig, tiedEmbeddings: true, keyValueHeads: 4 }
    const tied = livelyParameters(config, 8)
    const session = await InferenceSession.create(await encoded(config, tied))
    const cache = Object.fromEntries(
      parts.map(part => [`past_key_values.${part}`, new Tensor('float32', new Float32Array(0), [1, 4, 0, size])]),
    )
    const { logits } = await session.run({
      input_ids: long([tokens]),
      attention_mask: long([tokens.map(() => 1)]),
      position_ids: long([range(0, 10)]),
      ...cache,
    })
    expectClose(rows(logits!.data as Float32Array), await ours(tokens, config, tied))
    await session.release()
  })
})

describe('the files of an ONNX export', () => {
  it('are those that transformers.js asks for', () => {
    const config = { ...tinyConfig, vocabularySize: 257 }
    const files = [...onnxFiles(storedModel({ config, parameters: livelyParameters(config, 1), tokenizer }))]
    expect(files.map(({ path }) => path).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'onnx/model.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
  })

  it('need every parameter', async () => {
    const { 'lm_head.weight': _, ...others } = parameters
    await expect(encoded(tinyConfig, others)).rejects.toThrow('lm_head.weight')
  })
})
