import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onnxExecutor } from '../../engine/executors/onnx.ts'
import { ggufParts } from '../../engine/formats/gguf.ts'
import { storedModel } from '../../engine/formats/pretrained.ts'
import { openDecoder } from '../../engine/generation/decoder.ts'
import { initialParameters } from '../../engine/models/llama-parameters.ts'
import { presets } from '../../engine/models/presets.ts'
import { seededRandom } from '../../engine/random.ts'
import { median } from '../benchmark.ts'
import { tokenizerOf } from '../exports/models.ts'
import { text } from '../exports/text.ts'
import { openLlamaCpp } from '../llama/llama-cpp.ts'
import type { Contender, Round, RoundTimes } from './trial.ts'

/** One contender in a process of its own: loads the model, then does a round for each message. */
const contender = JSON.parse(process.argv[2]!) as Contender
const model = presets[contender.preset].model
type Generate = (prompt: readonly number[], count: number) => AsyncGenerator<number, void>

await using open = new AsyncDisposableStack()
const generate = contender.program === 'forge' ? await forge() : await llamaCpp()
const random = seededRandom(1)
process.send!('ready')
for await (const round of rounds()) process.send!(await measure(round))

async function forge(): Promise<Generate> {
  const executor = await onnxExecutor({ threads: contender.threads })
  const decoder = open.use(await openDecoder(executor, model, initialParameters(model, 42)))
  return (prompt, count) => decoder.generate(prompt, { maxTokens: count, temperature: 0, seed: 0 })
}

async function llamaCpp(): Promise<Generate> {
  const folder = await mkdtemp(join(tmpdir(), 'forge-inference-'))
  open.defer(() => rm(folder, { recursive: true }))
  const path = join(folder, 'model.gguf')
  const pretrained = { config: model, parameters: initialParameters(model, 42), tokenizer: tokenizerOf(text) }
  await writeFile(path, ggufParts(storedModel(pretrained), { name: contender.preset, type: contender.type }))
  const llama = open.use(await openLlamaCpp({ threads: contender.threads }))
  const loaded = open.use(await llama.load(path, model.contextLength, { texts: contender.texts, isExact: false }))
  return (prompt, count) => loaded.generate(prompt, count)
}

async function measure({ texts, prompt, tokens }: Round): Promise<RoundTimes> {
  const prompts = Array.from({ length: texts }, () =>
    Array.from({ length: prompt }, () => random.integer(model.vocabularySize)),
  )
  const began = performance.now()
  const firsts = await Promise.all(
    prompts.map(async ids => {
      let first = Number.NaN
      let count = 0
      for await (const _ of generate(ids, tokens)) {
        if (count === 0) first = performance.now() - began
        count += 1
      }
      if (count !== tokens) throw new Error(`${contender.program} ended after ${count} of ${tokens} tokens`)
      return first
    }),
  )
  const seconds = (performance.now() - began) / 1000
  return { firstTokenMs: median(firsts), tokensPerSecond: (texts * tokens) / seconds }
}

async function* rounds(): AsyncGenerator<Round, void> {
  let next = Promise.withResolvers<Round | null>()
  process.on('message', (round: Round) => next.resolve(round))
  process.on('disconnect', () => next.resolve(null))
  for (;;) {
    const round = await next.promise
    if (round === null) return
    next = Promise.withResolvers()
    yield round
  }
}
