import { onnxExecutor } from '../../engine/executors/onnx.ts'
import type { Pretrained } from '../../engine/formats/pretrained.ts'
import type { LlamaConfig } from '../../engine/models/llama-config.ts'
import { initialParameters } from '../../engine/models/llama-parameters.ts'
import { adamWDefaults } from '../../engine/optimizers/adamw.ts'
import { usualSchedule } from '../../engine/optimizers/schedule.ts'
import { END_OF_TEXT, type Tokenizer } from '../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../engine/tokenizing/training.ts'
import { trainingBatches } from '../../engine/training/batches.ts'
import { openTrainer } from '../../engine/training/trainer.ts'

const common = { ropeTheta: 10000, normEpsilon: 1e-5, contextLength: 128, vocabularySize: 512 }

/** A vocabulary of 500 tokens, learned from the text. */
export const tokenizerOf = (text: string): Tokenizer =>
  trainTokenizer(text, { vocabularySize: 500, specialTokens: [END_OF_TEXT] })

/** A small decoder, trained for some seconds, so that it is sure of some tokens: its likeliest ones are no ties. */
export async function trainedModel(text: string, tokenizer: Tokenizer, steps: number): Promise<Pretrained> {
  const config: LlamaConfig = {
    ...common,
    width: 128,
    layers: 3,
    heads: 4,
    keyValueHeads: 2,
    feedForward: 320,
    tiedEmbeddings: true,
  }
  await using trainer = await openTrainer(await onnxExecutor({ threads: 1 }), {
    model: config,
    batch: 8,
    context: 64,
    accumulation: 1,
    seed: 7,
    optimizer: adamWDefaults,
    schedule: usualSchedule(3e-3, steps),
    clip: 1,
  })
  const batches = trainingBatches(tokenizer.encode(text), { batch: 8, context: 64 }, { seed: 7 })
  for (let step = 0; step < steps; step++) await trainer.train(batches.next())
  const parameters = Object.entries(trainer.parameters()).map(([name, data]) => [name, data.slice()] as const)
  return { config, tokenizer, parameters: Object.fromEntries(parameters) }
}

/** Rows of 256 and 512, every matrix inside of the layers its scale times −1, 0 or 1 (as BitNet b1.58 rounds). */
export function ternaryModel(tokenizer: Tokenizer): Pretrained {
  const config: LlamaConfig = {
    ...common,
    width: 256,
    layers: 2,
    heads: 4,
    keyValueHeads: 4,
    feedForward: 512,
    tiedEmbeddings: false,
  }
  const parameters = Object.entries(initialParameters(config, 11)).map(([name, data]) => {
    if (!/layers\..*_proj/.test(name)) return [name, data] as const
    // A power of two, which 16 bits hold exactly.
    const scale = 2 ** Math.round(Math.log2(data.reduce((sum, x) => sum + Math.abs(x), 0) / data.length))
    return [name, data.map(x => scale * Math.max(-1, Math.min(1, Math.round(x / scale))))] as const
  })
  return { config, tokenizer, parameters: Object.fromEntries(parameters) }
}
