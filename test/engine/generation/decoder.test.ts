import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import type { Executor } from '../../../engine/executors/executor.ts'
import { onnxExecutor } from '../../../engine/executors/onnx.ts'
import { openExecutor } from '../../../engine/executors/probe.ts'
import { type Decoder, openDecoder } from '../../../engine/generation/decoder.ts'
import type { Generation } from '../../../engine/generation/generation.ts'
import { graph, input } from '../../../engine/graph/graph.ts'
import { logits } from '../../../engine/models/llama.ts'
import { parameterShapes } from '../../../engine/models/llama-parameters.ts'
import { skipWithout } from '../executors/compiler.ts'
import { livelyParameters, parameterValues, tinyConfig, tokensFrom } from '../tiny-decoder.ts'

const weights = livelyParameters(tinyConfig, 21)
const greedy: Generation = { maxTokens: 5, temperature: 0, seed: 0 }

async function openTiny(executor?: Executor): Promise<Decoder> {
  return openDecoder(executor ?? (await onnxExecutor()), tinyConfig, weights)
}

/** Logits [tokens][vocabulary] of one pass over the whole text. */
async function fullLogits(executor: Executor, tokens: Int32Array): Promise<Float32Array[]> {
  const names = Object.entries(parameterShapes(tinyConfig))
  const parameters = Object.fromEntries(names.map(([name, shape]) => [name, input(name, shape)]))
  const shape = [1, tokens.length]
  await using program = await executor.compile(
    graph({ out: logits(tinyConfig, parameters, input('tokens', shape, 'int32')) }),
  )
  const { out } = await program.run({
    ...parameterValues(executor, tinyConfig, weights),
    tokens: executor.value(tokens, shape),
  })
  const size = tinyConfig.vocabularySize
  const all = out.data() as Float32Array
  return Array.from(tokens, (_, index) => all.slice(index * size, (index + 1) * size))
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return Math.max(...a.map((value, index) => Math.abs(value - b[index])))
}

/** Notes how many texts each run of a program for tokens reads. */
function counting(executor: Executor): { executor: Executor; texts: number[] } {
  const texts: number[] = []
  const compile: Executor['compile'] = async graph => {
    const program = await executor.compile(graph)
    const run: typeof program.run = feeds => {
      if (feeds.positions) texts.push(feeds.positions.shape[0]!)
      return program.run(feeds)
    }
    return { run, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
  }
  return { executor: { ...executor, compile }, texts }
}

async function collect(tokens: AsyncIterable<number>): Promise<number[]> {
  return Array.fromAsync(tokens)
}

describe('the decoder', () => {
  it.for(['native', 'onnx', 'tfjs-wasm', 'reference'])(
    'on %s has the logits of one full pass, token by token',
    async (name, context) => {
      skipWithout(name, context)
      const executor = await openExecutor(name)
      await using decoder = await openTiny(executor)
      const tokens = tokensFrom(4, tinyConfig.contextLength)
      const expected = await fullLogits(executor, tokens)

      let reading = await decoder.prefill(tokens.subarray(0, 5))
      expect(largestDifference(reading.logits, expected[4])).toBeLessThan(1e-4)
      for (let index = 5; index < tokens.length; index++) {
        reading = await reading.read(tokens[index])
        expect(largestDifference(reading.logits, expected[index]), `token ${index}`).toBeLessThan(1e-4)
      }
      await expect(reading.read(0)).rejects.toThrow('the context of 12 tokens is full')
      reading[Symbol.dispose]()
    },
  )

  it('generates greedily what repeated full passes would', async () => {
    const executor = await onnxExecutor()
    await using decoder = await openTiny(executor)
    const text = [...tokensFrom(5, 3)]
    for (let count = 0; count < 5; count++) {
      const last = (await fullLogits(executor, Int32Array.from(text))).at(-1)!
      text.push(last.indexOf(Math.max(...last)))
    }
    expect(await collect(decoder.generate(text.slice(0, 3), greedy))).toEqual(text.slice(3))
  })

  it('goes on beyond the context from its last half', async () => {
    await using decoder = await openTiny()
    const prompt = [...tokensFrom(6, 10)]
    const text = [...prompt, ...(await collect(decoder.generate(prompt, { ...greedy, maxTokens: 30 })))]
    expect(text).toHaveLength(40)
    // 12 tokens fill the context; the thirteenth is read as the last of 6, and so every 7 tokens from there.
    for (const end of [13, 20, 27, 34]) {
      const [next] = await collect(decoder.generate(text.slice(end - 6, end), { ...greedy, maxTokens: 1 }))
      expect(text[end], `token ${end}`).toBe(next)
    }
  })

  it('draws the same text from the same seed, also when generations overlap', async () => {
    await using decoder = await openTiny()
    const sampled = { ...greedy, temperature: 1, maxTokens: 8 }
    const [first, other, again] = await Promise.all(
      [1, 2, 1].map(seed => collect(decoder.generate([1, 2], { ...sampled, seed }))),
    )
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  it('reads the tokens of texts that come together in one run, each as if it were alone', async () => {
    const { executor, texts } = counting(await onnxExecutor())
    await using decoder = await openTiny(executor)
    const prompts = [[1, 2, 3], [4], [5, 6, 7, 8, 9], [10, 11], [12]]
    const alone: number[][] = []
    for (const prompt of prompts) alone.push(await collect(decoder.generate(prompt, { ...greedy, maxTokens: 20 })))
    texts.length = 0

    const lengths = [20, 12, 20, 15, 20]
    const found = await Promise.all(
      prompts.map((prompt, index) => collect(decoder.generate(prompt, { ...greedy, maxTokens: lengths[index]! }))),
    )
    expect(found).toEqual(alone.map((tokens, index) => tokens.slice(0, lengths[index])))
    // One by one, some 75 runs would read these tokens.
    expect(Math.max(...texts)).toBe(8)
    expect(texts.length).toBeLessThan(40)
  })

  it('lets a text join at the next token, and one that leaves takes nothing with it', async () => {
    await using decoder = await openTiny()
    const long = { ...greedy, maxTokens: 9 }
    const [first, second] = [
      await collect(decoder.generate([1, 2], long)),
      await collect(decoder.generate([7, 3], long)),
    ]
    const leaving = decoder.generate([9], { ...greedy, maxTokens: 100 })
    await leaving.next()
    const one = collect(decoder.generate([1, 2], long))
    for (let count = 0; count < 3; count++) await leaving.next()
    const two = collect(decoder.generate([7, 3], long))
    await leaving.next()
    await leaving.return()
    expect([await one, await two]).toEqual([first, second])
  })

  it('ends before a stop token', async () => {
    await using decoder = await openTiny()
    const whole = await collect(decoder.generate([3, 1, 4], greedy))
    const stop = whole.at(-1)!
    const until = whole.slice(0, whole.indexOf(stop))
    expect(await collect(decoder.generate([3, 1, 4], { ...greedy, stopTokens: [stop] }))).toEqual(until)
  })

  it('ends with the reason of its signal', async () => {
    await using decoder = await openTiny()
    const controller = new AbortController()
    const tokens = decoder.generate([1], { ...greedy, maxTokens: 1000, signal: controller.signal })
    await tokens.next()
    controller.abort(new Error('the reader left'))
    await expect(tokens.next()).rejects.toThrow('the reader left')
  })

  it('frees its cache at the end of a text, also of one that is left early', async () => {
    await using decoder = await openTiny(await openExecutor('tfjs-wasm'))
    // The first prompt makes the program that reads prompts of its length.
    await collect(decoder.generate([1, 2], greedy))
    const before = tf.memory().numTensors
    await collect(decoder.generate([1, 2], { ...greedy, maxTokens: 20 }))
    for await (const _ of decoder.generate([1, 2], greedy)) break
    expect(tf.memory().numTensors).toBe(before)
  })

  it.each<[number[], Partial<Generation>, string]>([
    [[], {}, 'the prompt has 0 tokens'],
    [[13], {}, 'token 13 is outside the vocabulary of 13'],
    [[1], { maxTokens: 0 }, 'maxTokens is 0'],
    [[1], { temperature: -1 }, 'temperature is -1'],
    [[1], { topP: 2 }, 'topP is 2'],
  ])('refuses the prompt %j with %o', async (prompt, change, message) => {
    await using decoder = await openTiny()
    await expect(collect(decoder.generate(prompt, { ...greedy, ...change }))).rejects.toThrow(message)
  })

  it('refuses parameters that lack one, naming it', async () => {
    const { 'model.norm.weight': _, ...rest } = weights
    await expect(openDecoder(await onnxExecutor(), tinyConfig, rest)).rejects.toThrow('model.norm.weight is missing')
  })
})
