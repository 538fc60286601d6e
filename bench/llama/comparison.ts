import { writeFile } from 'node:fs/promises'
import { onnxExecutor } from '../../engine/executors/onnx.ts'
import { type GgufType, ggufParts } from '../../engine/formats/gguf.ts'
import { type Pretrained, storedModel } from '../../engine/formats/pretrained.ts'
import { openDecoder } from '../../engine/generation/decoder.ts'
import { awkwardTexts } from '../exports/awkward-texts.ts'
import { differenceOf, lossOf, readLogits } from '../exports/logits.ts'
import type { openLlamaCpp } from './llama-cpp.ts'

export interface Comparison {
  readonly type: GgufType
  /** Texts whose ids are ours. */
  readonly sameTokens: number
  /** Mean negative log-likelihood of the text by theirs, less that by ours, in nats. */
  readonly lossDifference: number
  /** The largest over all logits of the text. */
  readonly maxLogitDifference: number
  /** How many of the likeliest tokens after the prompts are ours, from the first on. */
  readonly sameGreedyTokens: number
  readonly greedyTokens: number
}

const prompts = ['Call me', 'The whale ', 'It was a']
const greedy = 48

/** Writes the model as GGUF, lets llama.cpp load it, and holds it against our own decoder at F32. */
export async function compare(
  llama: Awaited<ReturnType<typeof openLlamaCpp>>,
  model: Pretrained,
  { type, path, text }: { type: GgufType; path: string; text: string },
): Promise<Comparison> {
  await writeFile(path, ggufParts(storedModel(model), { name: 'check', type }))
  await using theirs = await llama.load(path, model.config.contextLength)
  await using ours = await openDecoder(await onnxExecutor(), model.config, model.parameters)

  const ids = Array.from(model.tokenizer.encode(text)).slice(0, model.config.contextLength)
  const [mine, other] = [await readLogits(ours, ids), await theirs.logits(ids)]
  const same = awkwardTexts.map(each => theirs.tokenize(each).join() === model.tokenizer.encode(each).join())
  let sameGreedyTokens = 0
  for (const prompt of prompts) {
    const begin = Array.from(model.tokenizer.encode(prompt))
    const [a, b] = await Promise.all([
      Array.fromAsync(ours.generate(begin, { maxTokens: greedy, temperature: 0, seed: 0 })),
      Array.fromAsync(theirs.generate(begin, greedy)),
    ])
    const differs = a.findIndex((token, index) => token !== b[index])
    sameGreedyTokens += differs < 0 ? greedy : differs
  }
  return {
    type,
    sameTokens: same.filter(Boolean).length,
    lossDifference: lossOf(other, ids) - lossOf(mine, ids),
    maxLogitDifference: differenceOf(mine, other),
    sameGreedyTokens,
    greedyTokens: greedy * prompts.length,
  }
}
